# Masthead. `make help` explains every target.
SHELL := /bin/sh
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PORT ?= 8000
export DATA_DIR ?= $(CURDIR)/var
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test test-sqlite test-postgres test-browser check bench format clean

help: ## Explain every target
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  PORT=8001 and DATA_DIR=/somewhere change where the site listens and keeps its data."

run: $(VENV)/.run ## Install, migrate, load the demo, and run site and worker (Ctrl-C ends all)
	@DEBUG=$${DEBUG:-true} DEMO_PASSWORD=$${DEMO_PASSWORD:-negotiate-well} \
		STAFF_SECOND_FACTOR=$${STAFF_SECOND_FACTOR:-false} \
		exec $(BIN)/python manage.py run_site

test: $(VENV)/.dev ## Run the whole suite on SQLite and PostgreSQL, and in a browser (ARGS='-k name')
	@$(BIN)/python -m tests.run all $(ARGS)

test-sqlite: $(VENV)/.dev ## Run the suite on SQLite only
	@$(BIN)/python -m tests.run sqlite $(ARGS)

test-postgres: $(VENV)/.dev ## Run the suite on PostgreSQL only (a wheel's, or TEST_DATABASE_URL)
	@$(BIN)/python -m tests.run postgres $(ARGS)

test-browser: $(VENV)/.dev ## Run the browser tests only
	@$(BIN)/python -m tests.run browser $(ARGS)

check: $(VENV)/.dev ## ruff, mypy, import-linter, migrations, templates, settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	DEBUG=true $(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html' 'newsletter/*.html')
	DEBUG=true $(BIN)/python manage.py check
	$(BIN)/python -m tests.deploy_check

bench: $(VENV)/.dev ## Run the benchmarks and print their medians
	@$(BIN)/python -m benchmarks $(ARGS)

format: $(VENV)/.dev ## Format Python and templates
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djade --target-version 5.2 $$(git ls-files 'templates/*.html')

clean: ## Remove the environment and caches (never the data in DATA_DIR)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Masthead needs Python 3.11 or newer as '$(PYTHON)'. Install it, or: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing. On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@mkdir -p $(VENV) 2>/dev/null && test -w $(VENV) || \
		{ echo "Cannot write to $(CURDIR)/$(VENV). Change the folder's owner, or: make VENV=/a/folder/of/yours $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Making the environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

# uv installs in seconds where it is present; pip is always there.
define install
	@if command -v uv >/dev/null 2>&1; then \
		VIRTUAL_ENV=$(VENV) uv pip install --quiet --editable '$(1)' --constraint constraints.txt; \
	else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '$(1)' --constraint constraints.txt; \
	fi
endef

$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing what the site needs …"
	$(call install,.)
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing what the site, its tests and its checks need …"
	$(call install,.[dev])
	@touch $@ $(VENV)/.run
