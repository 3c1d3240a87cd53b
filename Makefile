PYTHON := $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: run test faults check bench screenshots pages-at-scale

# Everything from nothing: environment, database, demo data, server. What is already there stays as it is.
run: .venv/installed
	@set -a; if [ -f .env ]; then . ./.env; fi; \
	if [ -z "$$OPENAI_API_KEY$$ANTHROPIC_API_KEY$$GEMINI_API_KEY$$MOONSHOT_API_KEY$$DASHSCOPE_API_KEY" ]; \
	then CONWAY_SANDBOX=$${CONWAY_SANDBOX:-1} CONWAY_SANDBOX_PACE_MS=$${CONWAY_SANDBOX_PACE_MS:-40}; fi; \
	$(BIN)/python manage.py migrate --verbosity 0 && exec $(BIN)/python manage.py demo --serve

# First what needs the processor, on both cores; then what mostly waits (for seconds to pass, processes to end, a browser),
# in three lanes at once. Each has a database, a spool and a cache of its own, and what a busy machine was too slow for is
# tried once more.
FAULTS := tests/faults
PAGES := tests/browser tests/pages/test_strangers.py tests/inference/test_openapi.py
CLIENTS := tests/conway tests/sdk tests/corpus
LANES := lane-of-faults lane-of-pages lane-of-clients
lane-of-faults: LANE = $(FAULTS)
lane-of-pages: LANE = $(PAGES)
lane-of-clients: LANE = $(CLIENTS)
COMPUTING := tests $(addprefix --ignore=,$(FAULTS) $(PAGES) $(CLIENTS))
PYTEST = CONWAY_DATA_DIR="$(CURDIR)/var/$(1)" $(BIN)/python -m pytest -q -o cache_dir="$(CURDIR)/var/$(1)/cache"

test: check
	$(call PYTEST,tests/computing) -n 2 --dist loadfile $(COMPUTING) || $(call PYTEST,tests/computing) --last-failed $(COMPUTING)
	$(MAKE) --no-print-directory --jobs 3 $(if $(filter output-sync,$(.FEATURES)),--output-sync) $(LANES)

.PHONY: $(LANES)
$(LANES):
	$(call PYTEST,tests/$@) $(LANE) || $(call PYTEST,tests/$@) --last-failed $(LANE)

# Every fault in its long form, about 15 minutes on two cores; writes the table in docs/reliability.md.
faults: .venv/installed-dev
	CONWAY_LONG_TESTS=1 $(call PYTEST,tests/long) -n 2 --dist loadfile tests/faults

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
