# `make help` lists what there is. Everything runs in .venv, made from the hashed lock files.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PORT ?= 8000

.PHONY: help run test check bench docs translations lock clean

help: ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: $(RUNTIME) ## Serve http://localhost:8000 in development mode
	$(BIN)/oidc-server serve --dev --port $(PORT)

test: $(DEV) check ## Every check and every test
	$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m tests.federation.slapd
	$(BIN)/python -m tests.foreign
	$(BIN)/python -m pytest -n auto --dist loadgroup

check: $(DEV) ## Style, types, and which room may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(DEV) ## CPU and latency of every hot operation, in RSA signatures
	$(BIN)/python -m tests.bench

docs: $(DEV) ## Write the generated pages of docs/ anew
	$(BIN)/python -m tests.docs.generate

translations: $(DEV) ## Give every language the texts that are new
	$(BIN)/python -m tests.languages update

lock: $(DEV) ## Write the lock files anew
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--upgrade pyproject.toml --group build -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
		--upgrade -c requirements.lock pyproject.toml --group dev -o requirements-dev.lock

clean: ## Remove the environment, caches and the development database
	rm -rf $(VENV) .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist tests/foreign/node/node_modules tests/foreign/java/target oidc.db oidc.db-shm oidc.db-wal

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: https://www.python.org/downloads/"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.lock pyproject.toml | $(VENV)/bin/python
	$(INSTALL) --require-hashes --requirement requirements.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	$(INSTALL) --require-hashes --requirement requirements-dev.lock
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@ $(RUNTIME)
