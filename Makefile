# The first two commands: `make train` and `make test`. Everything else is for those who change nncli.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# Compiled bytecode makes TensorFlow's import three times faster: never install without it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: train test test-all check bench scores catalogue docs format clean help

train: $(VENV)/.installed  ## install and run the classic tutorial
	$(BIN)/nncli train --epochs 6

test: $(VENV)/.installed-test  ## run the tests (all but the matrix)
	$(BIN)/python -m pytest -m "not matrix" -n 2 --dist loadscope

test-all: $(VENV)/.installed-test  ## run every test
	$(BIN)/python -m pytest -n 2 --dist loadscope

check: $(VENV)/.installed-check  ## lint, types, architecture, generated docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python docs/generate.py --check

DATA ?= ../shared/data
scores: $(VENV)/.installed-test  ## train what has a score to reach: make scores DATA=FOLDER
	$(BIN)/python tests/bench/scores.py $(DATA)

catalogue: $(VENV)/.installed-test  ## write what can be used of tensorflow-datasets (minutes)
	$(BIN)/python docs/generate_catalogue.py

bench: $(VENV)/.installed-test  ## time nncli beside the scripts one would write instead
	$(BIN)/python tests/bench/bench.py
	$(BIN)/python tests/bench/engine.py

docs: $(VENV)/.installed  ## write the generated pages of docs/
	$(BIN)/python docs/generate.py

format: $(VENV)/.installed-check  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove the environment and what tools left behind
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist build

help:  ## say what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "nncli needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing TensorFlow and what else nncli needs into $(VENV): a few minutes, once."
	$(PIP_INSTALL) --upgrade pip
	$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP_INSTALL) --group test
	@touch $@

$(VENV)/.installed-check: $(VENV)/.installed
	$(PIP_INSTALL) --group check
	@touch $@
