# The two commands of the README are `make run` and `make test`; the rest is for developers.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PORT ?= 8000
HOST ?= 127.0.0.1
# A stamp holds the hash of the pinned requirements it was installed from.
RUN_STAMP := $(VENV)/run-$(shell cksum < requirements/run.txt | cut -d' ' -f1)
DEV_STAMP := $(VENV)/dev-$(shell cksum < requirements/dev.txt | cut -d' ' -f1)
INSTALL := -m pip install --quiet --disable-pip-version-check --require-hashes

# As given, by the shell: make would break a path at its blanks and does not know `~`.
NAMED := $(if $(MODELS_DIR),LLAMADASH_MODELS_DIRS="$$MODELS_DIR")

.PHONY: run setup test lint fix dev bench lock dev-setup
.DEFAULT_GOAL := run

run: setup
	@$(NAMED) $(PY) manage.py serve --demo --host $(HOST) --port $(PORT)

setup: $(RUN_STAMP)

# The venv is made by whichever of the two stamps comes first.
$(PY):
	@echo "Making the Python environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "llamadash needs Python 3.11 or newer: make PYTHON=python3.x ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): | $(PY)
	@echo "Installing the pinned requirements (some minutes the first time)"
	@$(PY) $(INSTALL) -r requirements/run.txt
	@rm -f $(VENV)/run-*; touch $@

$(DEV_STAMP): | $(PY)
	@echo "Installing what development and tests need"
	@$(PY) $(INSTALL) -r requirements/dev.txt
	@rm -f $(VENV)/dev-* $(VENV)/run-*; touch $@ $(RUN_STAMP)

dev-setup: $(DEV_STAMP)

test: dev-setup
	@sh tests/debian_packages.sh
	@$(PY) -m tests $(ARGS)

lint: dev-setup
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy .
	@$(VENV)/bin/lint-imports
	@git ls-files 'templates/*.html' | xargs $(VENV)/bin/djade --check --target-version 5.2
	@$(VENV)/bin/djlint --lint --quiet templates
	@LLAMADASH_DATA_DIR=build/lint $(PY) manage.py makemigrations --check --dry-run

fix: dev-setup
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

dev: dev-setup
	@LLAMADASH_DEBUG=1 $(NAMED) $(PY) manage.py runserver $(HOST):$(PORT)

bench: dev-setup
	@$(PY) -m tests.bench $(ARGS)

# Renews the pins; needs pip-tools. No index address may land in the files.
LOCK := pip-compile --quiet --generate-hashes --strip-extras --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
lock:
	$(LOCK) --extra engine --extra gpu --output-file requirements/run.txt pyproject.toml
	$(LOCK) --extra engine --extra gpu --extra fleet --extra dev --constraint requirements/run.txt --output-file requirements/dev.txt pyproject.toml
