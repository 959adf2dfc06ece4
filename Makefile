# Every target does its own set-up: a fresh clone needs `make demo` and nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
CLIPS  ?= $(firstword $(wildcard ../shared/clips) samples)

.PHONY: demo test lint bench clean

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "hipcv needs Python 3.11 or newer, found $$($(PYTHON) --version): run make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[server,clinical,cluster,test]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/hipcv demo

lint: $(STAMP)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

test: lint
	@$(BIN)/pytest

bench: $(STAMP)
	@$(BIN)/python benchmarks/accuracy.py $(CLIPS)
	@$(BIN)/python benchmarks/real_photos.py
	@$(BIN)/python benchmarks/speed.py

clean:
	@rm -rf $(VENV) out benchmarks/out
