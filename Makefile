# Every target does its own set-up: a fresh clone needs `make demo` and nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PLAIN  := $(VENV)/.installed
FULL   := $(VENV)/.installed-with-extras
comma  := ,
CLIPS  ?= $(firstword $(wildcard ../shared/clips) samples)
# Clips of the same people by several cameras.
REPEAT ?= samples/repeat

.PHONY: demo test lint browser bench clean

define install
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
  { echo "hipcv needs Python 3.11 or newer, found $$($(PYTHON) --version): run make PYTHON=python3.12"; exit 1; }
@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
@echo "Installing into $(VENV) (once) …"
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.$(1)'
@touch $@
endef

$(PLAIN): pyproject.toml
	$(call install,)

$(FULL): pyproject.toml
	$(call install,[server$(comma)clinical$(comma)cluster$(comma)test])
	@touch $(PLAIN)

demo: $(PLAIN)
	@$(BIN)/hipcv demo

lint: $(FULL)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

# The page is tested in a real Chromium: the system's, else Debian's package, else one that Playwright fetches.
browser: $(FULL)
	@test -n "$$HIPCV_CHROMIUM" || command -v chromium chromium-browser google-chrome >/dev/null || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "Installing Chromium (once) …" && \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium >/dev/null; } || \
	  $(BIN)/playwright install chromium || echo "No Chromium here and none to be had: the page's tests are skipped."

test: lint browser
	@$(BIN)/pytest -rs

bench: $(FULL)
	@$(BIN)/python benchmarks/accuracy.py $(CLIPS)
	@$(BIN)/python benchmarks/ablation.py $(CLIPS) --limit 4
	@$(BIN)/python benchmarks/repeatability.py $(REPEAT) --noise
	@test ! -e ../shared/real/keypoints.json || $(BIN)/python benchmarks/real_photos.py
	@test ! -e ../shared/real/clips || $(BIN)/python benchmarks/real_photos.py --turn
	@$(BIN)/python benchmarks/speed.py
	@$(BIN)/python benchmarks/batch.py $(CLIPS)

clean:
	@rm -rf $(VENV) out benchmarks/out
