PYTHON := $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: run test faults check bench screenshots pages-at-scale

# Everything from nothing: environment, database, demo data, server. What is already there stays as it is.
run: .venv/installed
	@set -a; if [ -f .env ]; then . ./.env; fi; \
	if [ -z "$$OPENAI_API_KEY$$ANTHROPIC_API_KEY$$GEMINI_API_KEY$$MOONSHOT_API_KEY$$DASHSCOPE_API_KEY" ]; \
	then CONWAY_SANDBOX=$${CONWAY_SANDBOX:-1} CONWAY_SANDBOX_PACE_MS=$${CONWAY_SANDBOX_PACE_MS:-40}; fi; \
	$(BIN)/python manage.py migrate --verbosity 0 && exec $(BIN)/python manage.py demo --serve

# The rest on two cores, a database for each. What counts seconds, kills processes or shares one gateway has a process of
# tests to itself, and where a busy machine was too slow, what failed has another.
ALONE := tests/sdk tests/inference/test_openapi.py $(wildcard tests/faults/test_*.py) tests/conway tests/browser

test: check
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --reruns 2 --ignore=tests/faults $(addprefix --ignore=,$(ALONE))
	for tests in $(ALONE); do \
	  $(BIN)/python -m pytest -q $$tests || $(BIN)/python -m pytest -q --last-failed $$tests || exit 1; \
	done

# Every fault in its long form, about 40 minutes; writes the table in docs/reliability.md.
faults: .venv/installed-dev
	CONWAY_LONG_TESTS=1 $(BIN)/python -m pytest tests/faults

# Every page, light and dark, desktop and phone: look at them in var/screenshots.
screenshots: .venv/installed-dev
	$(BIN)/python -m tests.browser.screenshots

# About a minute, on loopback: what a completion costs. `make bench ARGS="--soak 10"` goes on and watches the memory.
bench: .venv/installed
	@$(BIN)/python -m bench $(ARGS)

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python manage.py makemigrations --check --dry-run

# A big database that is right, and every page on it. Give it an empty one: CONWAY_DATA_DIR or DATABASE_URL.
TRANSACTIONS := 1000000
ACCOUNTS := 10000

pages-at-scale: .venv/installed
	$(BIN)/python manage.py migrate --verbosity 0
	$(BIN)/python manage.py fill_books --accounts $(ACCOUNTS) --transactions $(TRANSACTIONS)
	$(BIN)/python manage.py audit_ledger
	$(BIN)/python bench/pages.py

.venv/installed: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ .venv/installed
