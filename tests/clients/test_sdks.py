"""SDKs and agent frameworks as documented, on their defaults: each goes twice through a loop with a tool, whole and
streamed.
"""

import shutil
from pathlib import Path

import pytest

from tests.clients.conftest import Paid
from tests.clients.documented import block
from tests.clients.installed import PROGRAMS, Clients, run
from tests.sdk.gateway import Gateway

PROMPT = 'call write_file with {"text": "changed"}'
SAID = "The tools say: written. That should answer your question."
MODELS = ("gpt-5.2", "claude-sonnet-4.5")
NODE = {"ai_sdk": "AI SDK", "anthropic_sdk": "Anthropic's SDK", "openai_agents": "OpenAI Agents"}
PYTHON = {"langchain_sdk": "LangChain", "openai_agents_sdk": "OpenAI Agents", "pydantic_ai_sdk": "pydantic-ai"}
LOOPS = {"langchain_sdk": 4}  # it speaks two formats
# LangChain asks for no usage of a stream at an address of others: the key's switch tells it.
USAGE = "UPDATE accounts_apikey SET usage_in_streams = true"


def check(gateway: Gateway, paid: Paid, work: Path, command: list[str], model: str, loops: int) -> None:
    said = run([*command, model, PROMPT], work, CONWAY_URL=gateway.url, CONWAY_API_KEY=gateway.keys["alice"])
    assert said.count(SAID) == loops, said
    assert (work / "work.txt").read_text() == "changed\n" * loops
    paid(2 * loops, model)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("script", NODE)
def test_of_node(gateway: Gateway, clients: Clients, paid: Paid, work: Path, script: str, model: str) -> None:
    documented = block(NODE[script], "js", url=gateway.url, model=model)
    check(gateway, paid, work, clients.node(script, documented), model, 2)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("script", PYTHON)
def test_of_python(gateway: Gateway, clients: Clients, paid: Paid, work: Path, script: str, model: str) -> None:
    gateway.books.execute(USAGE)
    (work / "documented.py").write_text(block(PYTHON[script], "python", url=gateway.url, model=model))
    shutil.copy(PROGRAMS / f"{script}.py", work)
    command = [clients.python("requirements"), str(work / f"{script}.py")]
    check(gateway, paid, work, command, model, LOOPS.get(script, 2))


@pytest.mark.parametrize(
    ("title", "home", "told"),
    [
        ("Anthropic's SDK", "requirements", "message.content[0].text"),
        ("OpenAI's SDK, Responses", "requirements", "response.output_text"),
        ("LiteLLM", "aider", "answer.choices[0].message.content"),
    ],
)
def test_what_is_documented_alone(
    gateway: Gateway, clients: Clients, paid: Paid, work: Path, title: str, home: str, told: str
) -> None:
    code = block(title, "python", url=gateway.url).replace("\nlitellm.completion(", "\nanswer = litellm.completion(")
    (work / "documented.py").write_text(f"{code}\nprint({told})\n")
    said = run([clients.python(home), "documented.py"], work, CONWAY_API_KEY=gateway.keys["alice"])
    assert "You said: Say hello" in said, said
    paid(1, {"Anthropic's SDK": "claude-sonnet-4.5", "LiteLLM": "kimi-k2.5"}.get(title, "claude-haiku-4.5"))


def test_llm(gateway: Gateway, clients: Clients, paid: Paid, work: Path) -> None:
    (work / "extra-openai-models.yaml").write_text(block("llm", "yaml", url=gateway.url))
    llm, here = [clients.python("requirements"), "-m", "llm"], {"LLM_USER_PATH": str(work)}
    run([*llm, "keys", "set", "conway", "--value", gateway.keys["alice"]], work, **here)
    said = run([*llm, "-m", "conway-claude", "Say hello"], work, **here)
    assert "You said: Say hello" in said, said
    paid(1, "claude-sonnet-4.5")
