# `make` alone says what there is.
# The first Python from 3.11 on; `make PYTHON=/path/to/python` takes another.
PYTHON := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $$python && break; done)
BIN := .venv/bin

.PHONY: help run test test-clients check types style faults machines properties trial bench screenshots pages-at-scale format lock audit
.DEFAULT_GOAL := help

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/installed ## Everything from nothing: environment, database, demo data, server. What is there stays as it is
	@set -a; if [ -f .env ]; then . ./.env; fi; \
	keys=$$(sed -n 's/^ *\([A-Z0-9_]*_API_KEY\): .*/\1/p' conway/variables.py | paste -s -d '|' -); \
	if ! env | grep -qE "^($$keys)(_FILE)?=."; \
	then CONWAY_SANDBOX=$${CONWAY_SANDBOX:-1} CONWAY_SANDBOX_PACE_MS=$${CONWAY_SANDBOX_PACE_MS:-40}; fi; \
	DATABASE_URL=$${DATABASE_URL:-embedded}; CONWAY_STAFF_SECOND_FACTOR=$${CONWAY_STAFF_SECOND_FACTOR:-0}; \
	$(BIN)/python manage.py migrate --verbosity 0 && exec $(BIN)/python manage.py demo --serve

test: check ## Every check and every test (tests/run.py says in which order, and times itself)
	$(BIN)/python tests/run.py

check: .venv/installed-dev ## What is looked at without running it: style, types, imports, migrations
	@$(MAKE) --no-print-directory -j 2 --output-sync=target types style

types: .venv/installed-dev
	$(BIN)/mypy

style: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	DATABASE_URL=$${DATABASE_URL:-embedded} $(BIN)/python manage.py makemigrations --check --dry-run

format: .venv/installed-dev ## Formats the code, sorts imports
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock" $(ARGS)

lock: .venv/installed-dev ## What the requirements.in files drag in, with hashes; ARGS=--upgrade takes the newest. Then the licences
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) -c requirements.txt requirements-tracing.in -o requirements-tracing.txt
	$(LOCK) -c requirements.txt -c requirements-tracing.txt requirements-dev.in -o requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m dependencies.licences

audit: .venv/installed-dev ## Known vulnerabilities of what is locked, where a database of them can be reached
	@$(BIN)/python -m dependencies.audit

test-clients: .venv/installed-dev ## Agents and SDKs of others, from npm and PyPI into var/clients, against a gateway: about six minutes
	CONWAY_CLIENTS="$(CURDIR)/var/clients" CONWAY_DATA_DIR="$(CURDIR)/var/tests/programs" $(BIN)/python -m pytest -q -rs --timeout 1800 tests/clients

faults: .venv/installed-dev ## Every fault in its long form, 15 minutes on two cores; writes docs/reliability.md's table
	CONWAY_LONG_TESTS=1 CONWAY_DATA_DIR="$(CURDIR)/var/tests/long" $(BIN)/python -m pytest -q -n 2 --dist loadfile --timeout 1800 tests/faults

machines: .venv/installed-dev ## Three gateways, a standby and Redis on machines of their own (as root, in network namespaces), in the long form
	CONWAY_LONG_TESTS=1 CONWAY_DATA_DIR="$(CURDIR)/var/tests/machines" $(BIN)/python -m pytest -q -rs --timeout 1800 tests/faults/test_many_machines.py

properties: .venv/installed-dev ## Every property with all its examples; `make test` tries a quarter of them
	CONWAY_LONG_TESTS=1 CONWAY_DATA_DIR="$(CURDIR)/var/tests/properties" $(BIN)/python -m pytest -q -n 2 --timeout 1800 $$(grep -rl "^@given" tests)

trial: .venv/installed-dev ## Four processes on the same accounts for half a minute: no deadlock, and the books agree
	CONWAY_LONG_TESTS=1 CONWAY_DATA_DIR="$(CURDIR)/var/tests/trial" $(BIN)/python -m pytest -q -s tests/credits/test_four_processes.py

bench: .venv/installed ## What a completion costs, four minutes on loopback. ARGS=--peers: beside Portkey and LiteLLM; "--soak 30", "--rows N", "json alone"
	@$(BIN)/python -m bench $(ARGS)

screenshots: .venv/installed-dev ## Every page, light and dark, desktop and phone: look at them in var/screenshots
	$(BIN)/python -m tests.browser.screenshots

TRANSACTIONS := 1000000
ACCOUNTS := 10000

pages-at-scale: .venv/installed ## A big database that is right, and every page on it (an empty CONWAY_DATA_DIR or DATABASE_URL)
	$(BIN)/python manage.py migrate --verbosity 0
	$(BIN)/python manage.py fill_books --accounts $(ACCOUNTS) --transactions $(TRANSACTIONS)
	$(BIN)/python manage.py audit_ledger
	$(BIN)/python bench/pages.py

.venv/installed: requirements.txt
	@test -x $(BIN)/python || test -n "$(PYTHON)" || { echo "There is no Python from 3.11 on: install one, or say make PYTHON=/path/to/python." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt requirements.txt
	@test -x $(BIN)/python || test -n "$(PYTHON)" || { echo "There is no Python from 3.11 on: install one, or say make PYTHON=/path/to/python." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@ .venv/installed
