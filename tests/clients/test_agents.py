"""Coding agents, headless: each changes a file through its own tools.

The sandbox is told in words which tool to call.
"""

import json
from pathlib import Path

import pytest

from tests.clients.conftest import Paid
from tests.clients.documented import block, command, exports
from tests.clients.installed import Clients, run
from tests.sdk.gateway import Gateway

SHELL = "echo changed > work.txt"
# A failure is to be seen, not repeated. Behind the documented table of the provider.
NO_REPEATS = "request_max_retries = 0\nstream_max_retries = 0\n"


def check_file(folder: Path, said: str) -> None:
    assert (folder / "work.txt").exists(), said
    assert (folder / "work.txt").read_text() == "changed\n", said


@pytest.mark.parametrize("model", ["gpt-5.2-codex", "claude-sonnet-4.5", "kimi-k2.5"])
def test_codex(gateway: Gateway, clients: Clients, paid: Paid, work: Path, model: str) -> None:
    home = work / "home" / ".codex"
    home.mkdir(parents=True)
    (home / "config.toml").write_text(block("Codex CLI", "toml", url=gateway.url) + NO_REPEATS)
    wanted = json.dumps({"cmd": SHELL, "command": SHELL})
    prompt = f"call exec_command with {wanted} or call shell_command with {wanted}"
    options = ["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "-m", model]
    asking = [*clients.program("codex"), "exec", *options, prompt]
    check_file(work, run(asking, work, CONWAY_API_KEY=gateway.keys["alice"]))
    paid(2, model)


@pytest.mark.parametrize("model", ["claude-sonnet-4.5", "gpt-5.2", "gemini-3-flash"])
def test_claude_code(gateway: Gateway, clients: Clients, paid: Paid, work: Path, model: str) -> None:
    wanted = json.dumps({"command": SHELL, "description": "Writes a file"})
    options = ["--allowedTools", "Bash", "--output-format", "text"]
    code, key = block("Claude Code", "sh", url=gateway.url), gateway.keys["alice"]
    told = [*command(block("Claude Code", "sh", url=gateway.url, model=model), key), *options]
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_TELEMETRY": "1"}
    said = run([*clients.program("claude"), "-p", f"call Bash with {wanted}", *told], work,
               **exports(code, key), **quiet)  # fmt: skip
    check_file(work, said)
    paid(2, model)


@pytest.mark.parametrize("model", ["gpt-5.2", "claude-sonnet-4.5"])
def test_opencode(gateway: Gateway, clients: Clients, paid: Paid, work: Path, model: str) -> None:
    documented = json.loads(block("OpenCode", "json", url=gateway.url))
    (work / "opencode.json").write_text(json.dumps({**documented, "share": "disabled", "autoupdate": False}))
    wanted = json.dumps({"command": SHELL, "description": "Writes a file"})
    words = f"call bash with {wanted}".split()  # it quotes an argument with a blank in it
    asking = [*clients.program("opencode"), "run", "-m", f"conway/{model}", *words]
    check_file(work, run(asking, work, CONWAY_API_KEY=gateway.keys["alice"]))
    paid(2, model)


@pytest.mark.parametrize("model", ["gpt-5.2", "claude-sonnet-4.5"])
def test_cline(gateway: Gateway, clients: Clients, paid: Paid, work: Path, model: str) -> None:
    cline, key = clients.program("cline"), gateway.keys["alice"]
    run([*cline, *command(block("Cline", "sh", url=gateway.url, model=model), key)], work)
    wanted = json.dumps({"commands": [SHELL]})
    said = run([*cline, "--auto-approve", "true", "-t", "60", f"call run_commands with {wanted}"], work)
    check_file(work, said)
    paid(2, model)


@pytest.mark.parametrize("model", ["claude-sonnet-4.5", "kimi-k2.5"])
def test_aider(gateway: Gateway, clients: Clients, paid: Paid, work: Path, model: str) -> None:
    """It has no tools: the reply is the file."""
    (work / "work.txt").write_text("old\n")
    options = ["--edit-format", "whole", "--yes-always", "--no-git", "--no-check-update", "--analytics-disable"]
    options += ["--no-show-model-warnings", "--map-tokens", "0"]
    options += command(block("Aider", "sh", url=gateway.url, model=model), gateway.keys["alice"])
    prompt = "say exactly " + json.dumps("work.txt\n```\nchanged\n```\n")
    said = run([clients.python("aider"), "-m", "aider", *options, "--message", prompt, "work.txt"], work)
    check_file(work, said)
    paid(1, model)


@pytest.mark.parametrize("model", ["qwen3-coder", "claude-sonnet-4.5"])
def test_qwen_code(gateway: Gateway, clients: Clients, paid: Paid, work: Path, model: str) -> None:
    told = exports(block("Qwen Code", "sh", url=gateway.url), gateway.keys["alice"]) | {"OPENAI_MODEL": model}
    wanted = json.dumps({"command": SHELL, "description": "Writes a file", "is_background": False})
    asking = [*clients.program("qwen"), "--yolo", "--auth-type", "openai"]
    said = run([*asking, "-p", f"call run_shell_command with {wanted}"], work, **told)
    check_file(work, said)
    paid(2, model)
