"""SDKs and agent frameworks on their defaults: each goes twice through a loop with a tool, whole and streamed."""

from pathlib import Path

import pytest

from tests.clients.conftest import Paid
from tests.clients.installed import PROGRAMS, Clients, run
from tests.sdk.gateway import Gateway

PROMPT = 'call write_file with {"text": "changed"}'
SAID = "The tools say: written. That should answer your question."
MODELS = ("gpt-5.2", "claude-sonnet-4.5")
LOOPS = {"langchain_sdk": 4}  # it speaks two formats
# LangChain asks for no usage of a stream at an address of others: the key's switch tells it.
USAGE = "UPDATE accounts_apikey SET usage_in_streams = true"


def check(gateway: Gateway, paid: Paid, work: Path, command: list[str], model: str, loops: int) -> None:
    said = run([*command, model, PROMPT], work, CONWAY_URL=gateway.url, CONWAY_API_KEY=gateway.keys["alice"])
    assert said.count(SAID) == loops, said
    assert (work / "work.txt").read_text() == "changed\n" * loops
    paid(2 * loops, model)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("script", ["ai_sdk", "anthropic_sdk", "openai_agents"])
def test_of_node(gateway: Gateway, clients: Clients, paid: Paid, work: Path, script: str, model: str) -> None:
    check(gateway, paid, work, clients.node(script), model, 2)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("script", ["langchain_sdk", "openai_agents_sdk", "pydantic_ai_sdk"])
def test_of_python(gateway: Gateway, clients: Clients, paid: Paid, work: Path, script: str, model: str) -> None:
    gateway.books.execute(USAGE)
    command = [clients.python("requirements"), str(PROGRAMS / f"{script}.py")]
    check(gateway, paid, work, command, model, LOOPS.get(script, 2))
