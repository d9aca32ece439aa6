# Recipes that people type and CI runs. `make demo` and `make test` install what they need.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
NOTEBOOK := notebooks/01_flights.ipynb

.PHONY: help demo test check lint types layers format test-mage test-long test-search fuzz bench browser docs contract pictures clean

help:  ## This list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

$(VENV)/installed: pyproject.toml labextension/package.json $(shell find labextension/src labextension/style -type f 2>/dev/null)
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || tests/install_system_packages.sh python3-venv
	@command -v npm >/dev/null || { echo "Node 20 with npm is needed to build the browser part"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[examples]'
	touch $@

$(VENV)/tools: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	cd labextension && npm ci --no-audit --no-fund --silent
	touch $@

demo: $(VENV)/installed  ## Run the tutorial's pipeline: the graph, the run, the exported project
	$(BIN)/jupyter mage run $(NOTEBOOK)
	$(BIN)/jupyter mage export $(NOTEBOOK) --to notebooks/flights_project

test: $(VENV)/tools  ## Install what the tests need, and pass all of them
	tests/install_system_packages.sh
	cd labextension && npm test --silent
	$(BIN)/python -m pytest -n auto $(PYTEST)

check: lint types layers  ## Lint, types, layers

lint: $(VENV)/tools  ## Ruff, and the browser part's linters
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	cd labextension && npm run --silent lint:check

types: $(VENV)/tools  ## mypy and TypeScript, strict
	$(BIN)/mypy
	cd labextension && npx tsc --noEmit

layers: $(VENV)/tools  ## Imports go down only
	$(BIN)/lint-imports

pictures: $(VENV)/tools  ## Take the documentation's pictures anew; look at them before they are committed
	mkdir -p .pictures && SHOTS=$(CURDIR)/.pictures $(BIN)/python -m pytest -q tests/browser/test_pictures.py tests/browser/test_a_day.py tests/browser/test_views.py
	for each in docs/images/*; do cp .pictures/$$(basename $$each) $$each; done

contract: $(VENV)/tools  ## Write the browser part's types from the Python ones
	$(BIN)/python tests/contract_to_typescript.py

format: $(VENV)/tools  ## Write the code as the linters want it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd labextension && npm run --silent lint

test-mage: $(VENV)/tools  ## Run exported projects in the real mage-ai (installs 1.4 GB in an environment of its own)
	tests/mage_peer/install.sh
	$(BIN)/python -m pytest -m mage tests/mage_peer

test-long: $(VENV)/tools  ## The long forms: a thousand kills, …
	tests/install_system_packages.sh
	$(BIN)/python -m pytest -m slow --timeout 3600

fuzz: $(VENV)/tools  ## Throw bad input at all that reads it, for a minute each: make fuzz FUZZ='--seconds 600 --target sql'
	$(BIN)/python -m pip install --quiet --editable '.[fuzz]'
	$(BIN)/python tests/fuzz.py $(FUZZ)

test-search: $(VENV)/tools  ## The property tests, with new examples each time
	HYPOTHESIS_PROFILE=search $(BIN)/python -m pytest -n auto $$(grep -l 'import.*hypothesis\|from hypothesis' tests/*.py)

bench: $(VENV)/tools  ## Us and the peers side by side, in one run
	$(BIN)/python bench/run.py

clean:  ## Take away what the recipes made
	rm -rf $(VENV) labextension/node_modules labextension/lib jupyter_mage/labextension dist
