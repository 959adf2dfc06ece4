# Every target does its own set-up: a fresh clone needs `make demo` and nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PLAIN  := $(VENV)/.installed
FULL   := $(VENV)/.installed-with-extras
comma  := ,
CLIPS  ?= $(firstword $(wildcard ../shared/clips) samples)

.PHONY: demo test lint bench clean

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

test: lint
	@$(BIN)/pytest

bench: $(FULL)
	@$(BIN)/python benchmarks/accuracy.py $(CLIPS)
	@$(BIN)/python benchmarks/real_photos.py
	@$(BIN)/python benchmarks/speed.py
	@$(BIN)/python benchmarks/batch.py $(CLIPS)

clean:
	@rm -rf $(VENV) out benchmarks/out
