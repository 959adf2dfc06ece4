# Every target does its own set-up: a fresh clone needs `make demo` and nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PLAIN  := $(VENV)/.installed
FULL   := $(VENV)/.installed-with-extras
# The newest of everything, and the tool that pins it, live apart from what is pinned.
LATEST := .venv-latest
LOCKER := .venv-lock
comma  := ,
CLIPS  ?= $(firstword $(wildcard ../shared/clips) samples)
# Tests run in three processes on two cores, because many wait, and in two where none does; tests/groups.py says which
# share a process.
PARALLEL ?= -n 3
ARITHMETIC ?= -n 2
# Every process loads the same modules: they are compiled once, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE
# Clips of the same people by several cameras.
REPEAT ?= samples/repeat

.PHONY: demo test test-fast test-latest lint browser tracer pango database bench harden lock clean

define venv
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
  { echo "hipcv needs Python 3.11 or newer, found $$($(PYTHON) --version): run make PYTHON=python3.12"; exit 1; }
@test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
endef

# What is pinned in requirements/, and hipcv itself built with what is pinned there.
define install
$(call venv,$(VENV))
@echo "Installing into $(VENV) (once) …"
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$(1).txt
@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
@touch $@
endef

$(PLAIN): pyproject.toml requirements/run.txt
	$(call install,run)

$(FULL): pyproject.toml requirements/all.txt
	$(call install,all)
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

# What leaves the machine is watched system call by system call, on Linux.
tracer:
	@test "$$(uname)" != Linux || command -v strace >/dev/null || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "Installing strace (once) …" && \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y strace >/dev/null; } || \
	  echo "No strace here and none to be had: nobody looks at what leaves this machine."

# A report becomes a PDF by WeasyPrint, which needs the system's Pango.
pango: $(FULL)
	@$(BIN)/python -c "import weasyprint" >/dev/null 2>&1 || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "Installing Pango (once) …" && \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y libpangoft2-1.0-0 libharfbuzz-subset0 >/dev/null; } || \
	  echo "No Pango here and none to be had: the tests of the PDF fail."

# The history is kept in PostgreSQL, too: the tests start one of their own.
database:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && echo "Installing PostgreSQL (once) …" && \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y postgresql >/dev/null; } || \
	  echo "No PostgreSQL here and none to be had: its tests are skipped."

test: lint browser tracer pango database
	@$(BIN)/pytest -rs $(PARALLEL) --durations=25

# What is arithmetic alone: no pose model, no child process, no browser.
test-fast: $(FULL) pango
	@$(BIN)/pytest -rs $(ARITHMETIC) -m 'not (model or process or browser)'

# The suite with the newest versions that pyproject.toml allows: what differs from the pinned ones is listed first.
test-latest: $(LOCKER)/.installed
	@rm -rf $(LATEST)
	$(call venv,$(LATEST))
	@$(LATEST)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[server$(comma)cluster$(comma)fhir$(comma)pdf$(comma)test]'
	@sed -nE 's/^([a-z0-9.-]+==[^ ]+).*/\1/p' requirements/all.txt > $(LATEST)/pinned.txt
	@$(LOCKER)/bin/uv pip freeze --quiet --exclude-editable --python $(LATEST)/bin/python | grep -vxFf $(LATEST)/pinned.txt | \
	  grep -vE '^(pip|setuptools)==' || echo "Nothing differs from requirements/all.txt."
	@$(LATEST)/bin/pytest -rs $(PARALLEL)

$(LOCKER)/.installed: requirements/lock.txt
	$(call venv,$(LOCKER))
	@$(LOCKER)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/lock.txt
	@touch $@

# Pins the newest versions that pyproject.toml allows, one for all systems and Pythons, and shows what changed.
compile = @$(LOCKER)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --fork-strategy fewest \
  --generate-hashes --no-emit-index-url --custom-compile-command 'make lock'

lock: $(LOCKER)/.installed
	$(compile) pyproject.toml --all-extras --group build -c requirements/bounds.txt -o requirements/all.txt
	$(compile) pyproject.toml --extra server --extra fhir --extra pdf --group build -c requirements/all.txt -o requirements/run.txt
	$(compile) --group lock -o requirements/lock.txt
	@git --no-pager diff --unified=0 -- requirements | grep -E '^[-+][a-z]' || echo "Nothing is newer."

bench: $(FULL)
	@$(BIN)/python benchmarks/accuracy.py $(CLIPS)
	@$(BIN)/python benchmarks/accuracy.py $(CLIPS) --engine graph
	@$(BIN)/python benchmarks/field.py $(CLIPS)
	@$(BIN)/python benchmarks/stills.py $(CLIPS)
	@$(BIN)/python benchmarks/limits.py $(CLIPS) --only easy
	@$(BIN)/python benchmarks/ablation.py $(CLIPS) --limit 4
	@$(BIN)/python benchmarks/repeatability.py $(REPEAT) --noise
	@test ! -e ../shared/real/keypoints.json || $(BIN)/python benchmarks/real_photos.py
	@test ! -e ../shared/real/clips || $(BIN)/python benchmarks/real_photos.py --turn
	@test ! -e ../shared/real/clips.json || $(BIN)/python benchmarks/real_clips.py
	@$(BIN)/python benchmarks/speed.py
	@$(BIN)/python benchmarks/batch.py $(CLIPS)
	@$(BIN)/python benchmarks/record.py

# What is tried against it, as often as is wanted (an hour or two), and its table, and what `make test` does in a short form;
# QUICK=1: as often as `make test` does; LINES=A1,C4: only these.
harden: $(FULL) browser tracer database
	@$(BIN)/pytest -rs -n 0 -m 'hardening or at_length' $(if $(QUICK),,--long) $(if $(LINES),--lines=$(LINES)) --hardening-table=benchmarks/hardening.md tests

clean:
	@rm -rf $(VENV) $(LATEST) $(LOCKER) out benchmarks/out
