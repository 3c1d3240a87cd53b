PYTHON := $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: run test check

# Everything from nothing: environment, database, demo data, server. What is already there stays as it is.
run: .venv/installed
	@set -a; if [ -f .env ]; then . ./.env; fi; \
	if [ -z "$$OPENAI_API_KEY$$ANTHROPIC_API_KEY$$GEMINI_API_KEY$$MOONSHOT_API_KEY$$DASHSCOPE_API_KEY" ]; \
	then CONWAY_SANDBOX=$${CONWAY_SANDBOX:-1} CONWAY_SANDBOX_PACE_MS=$${CONWAY_SANDBOX_PACE_MS:-40}; fi; \
	$(BIN)/python manage.py migrate --verbosity 0 && exec $(BIN)/python manage.py demo --serve

test: check
	$(BIN)/python -m pytest

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python manage.py makemigrations --check --dry-run

.venv/installed: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/installed-dev: requirements-dev.txt requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ .venv/installed
