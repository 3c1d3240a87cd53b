"""Coding agents, headless: each changes a file through its own tools.

The sandbox is told in words which tool to call.
"""

import json
from pathlib import Path

import pytest

from tests.clients.conftest import Paid
from tests.clients.installed import Clients, run
from tests.sdk.gateway import Gateway

SHELL = "echo changed > work.txt"
CODEX = """
model_provider = "conway"
[model_providers.conway]
name = "Conway"
base_url = "{url}/v1"
env_key = "CONWAY_API_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"""


def check_file(folder: Path, said: str) -> None:
    assert (folder / "work.txt").exists(), said
    assert (folder / "work.txt").read_text() == "changed\n", said


@pytest.mark.parametrize("model", ["gpt-5.2-codex", "claude-sonnet-4.5", "kimi-k2.5"])
def test_codex(gateway: Gateway, clients: Clients, paid: Paid, work: Path, model: str) -> None:
    home = work / "home" / ".codex"
    home.mkdir(parents=True)
    (home / "config.toml").write_text(CODEX.format(url=gateway.url))
    wanted = json.dumps({"cmd": SHELL, "command": SHELL})
    prompt = f"call exec_command with {wanted} or call shell_command with {wanted}"
    options = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "-m", model]
    command = [*clients.program("codex"), "exec", *options, prompt]
    check_file(work, run(command, work, CONWAY_API_KEY=gateway.keys["alice"]))
    paid(2, model)


@pytest.mark.parametrize("model", ["claude-sonnet-4.5", "gpt-5.2", "gemini-3-flash"])
def test_claude_code(gateway: Gateway, clients: Clients, paid: Paid, work: Path, model: str) -> None:
    wanted = json.dumps({"command": SHELL, "description": "Writes a file"})
    options = ["--model", model, "--allowedTools", "Bash", "--output-format", "text"]
    said = run(
        [*clients.program("claude"), "-p", f"call Bash with {wanted}", *options],
        work,
        ANTHROPIC_BASE_URL=gateway.url,
        ANTHROPIC_API_KEY=gateway.keys["alice"],
        ANTHROPIC_SMALL_FAST_MODEL="claude-haiku-4.5",
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
        DISABLE_TELEMETRY="1",
    )
    check_file(work, said)
    paid(2, model)


@pytest.mark.parametrize("model", ["gpt-5.2", "claude-sonnet-4.5"])
def test_opencode(gateway: Gateway, clients: Clients, paid: Paid, work: Path, model: str) -> None:
    options = {"baseURL": f"{gateway.url}/v1", "apiKey": "{env:CONWAY_API_KEY}"}
    provider = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": {model: {}}}
    (work / "opencode.json").write_text(
        json.dumps({"provider": {"conway": provider}, "share": "disabled", "autoupdate": False})
    )
    wanted = json.dumps({"command": SHELL, "description": "Writes a file"})
    words = f"call bash with {wanted}".split()  # it quotes an argument with a blank in it
    command = [*clients.program("opencode"), "run", "-m", f"conway/{model}", *words]
    check_file(work, run(command, work, CONWAY_API_KEY=gateway.keys["alice"]))
    paid(2, model)


@pytest.mark.parametrize("model", ["gpt-5.2", "claude-sonnet-4.5"])
def test_cline(gateway: Gateway, clients: Clients, paid: Paid, work: Path, model: str) -> None:
    cline, key = clients.program("cline"), gateway.keys["alice"]
    run([*cline, "auth", "openai", "--apikey", key, "--baseurl", f"{gateway.url}/v1", "--modelid", model], work)
    wanted = json.dumps({"commands": [SHELL]})
    said = run([*cline, "--auto-approve", "true", "-t", "60", f"call run_commands with {wanted}"], work)
    check_file(work, said)
    paid(2, model)


@pytest.mark.parametrize("model", ["claude-sonnet-4.5", "kimi-k2.5"])
def test_aider(gateway: Gateway, clients: Clients, paid: Paid, work: Path, model: str) -> None:
    """It has no tools: the reply is the file."""
    (work / "work.txt").write_text("old\n")
    options = ["--edit-format", "whole", "--yes-always", "--no-git", "--no-check-update", "--analytics-disable"]
    options += ["--no-show-model-warnings", "--map-tokens", "0", "--model", f"openai/{model}"]
    prompt = "say exactly " + json.dumps("work.txt\n```\nchanged\n```\n")
    said = run(
        [clients.python("aider"), "-m", "aider", *options, "--message", prompt, "work.txt"],
        work,
        OPENAI_API_BASE=f"{gateway.url}/v1",
        OPENAI_API_KEY=gateway.keys["alice"],
    )
    check_file(work, said)
    paid(1, model)
