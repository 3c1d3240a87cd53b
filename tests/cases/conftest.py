"""A gateway in this process before a scripted provider, and the table of what the cases came to."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import ApiKey, User
from inference import catalog
from tests import lasting_catalogue
from tests.cases.case import Outcome
from tests.cases.provider import ScriptedProvider

OUTCOMES: list[Outcome] = []
PROVIDERS = ("openai", "anthropic", "gemini", "moonshot", "qwen")


@pytest.fixture(scope="session")
def scripted() -> Iterator[ScriptedProvider]:
    provider = ScriptedProvider()
    provider.start()
    try:
        yield provider
    finally:
        provider.stop()


@pytest.fixture
def provider(scripted: ScriptedProvider, settings: Any) -> ScriptedProvider:
    """All five providers lead to it."""
    settings.PROVIDERS = {
        name: {"base_url": f"http://127.0.0.1:{scripted.port}/{name}", "api_key": "key", "sandbox": True}
        for name in PROVIDERS
    }
    return scripted


@pytest.fixture
def key(alice: User, transactional_db: None) -> str:
    lasting_catalogue.load()
    catalog.forget()
    return ApiKey.issue(user=alice, name="Alice's")[1]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The table: a line for each case, a mark for each of its requests."""
    if not OUTCOMES:
        return
    terminalreporter.section("cases")
    rows: dict[str, dict[str, str]] = {}
    for outcome in OUTCOMES:
        row = rows.setdefault(outcome.run.name, {})
        mark = "x" if outcome.faults else "."
        row[outcome.run.model] = row.get(outcome.run.model, "") + mark
    widest = max(map(len, rows))
    for name, row in sorted(rows.items()):
        terminalreporter.line(f"{name.ljust(widest)}  " + "  ".join(f"{model} {marks}" for model, marks in row.items()))
    wrong = sum(bool(outcome.faults) for outcome in OUTCOMES)
    terminalreporter.line(f"{len(OUTCOMES)} requests, {wrong} wrong")
