"""The real programs, headless: each does one piece of work through its own tools, paid from Conway credits.

They are installed from their registry (`npm install` in the folder that CONWAY_CLIENTS names); where they are not
there, the tests are skipped and say so. The sandbox is told in words which tool to call, so that the work is done.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.sdk.gateway import Gateway

FOLDER = Path(os.environ.get("CONWAY_CLIENTS", "node_modules"))
SECONDS = 120


def program(name: str) -> str:
    found = FOLDER / "node_modules" / ".bin" / name
    if not found.exists():
        pytest.skip(f"{name} is not installed in {FOLDER}")
    return str(found.resolve())


def run(command: list[str], folder: Path, **environment: str) -> str:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    told = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR")}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**told, "HOME": str(home), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.stdout


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


@pytest.mark.parametrize("model", ["gpt-5.2-codex", "claude-sonnet-4.5", "kimi-k2.5"])
def test_codex_changes_a_file(gateway: Gateway, tmp_path: Path, model: str) -> None:
    codex = program("codex")
    home = tmp_path / "home" / ".codex"
    home.mkdir(parents=True)
    (home / "config.toml").write_text(CODEX.format(url=gateway.url))
    before = gateway.charges
    wanted = json.dumps({"cmd": "echo changed > work.txt", "command": "echo changed > work.txt"})
    said = run(
        [codex, "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "-m", model,
         f"call exec_command with {wanted} or call shell_command with {wanted}"],
        tmp_path,
        CONWAY_API_KEY=gateway.keys["alice"],
    )  # fmt: skip
    assert (tmp_path / "work.txt").exists(), said
    assert (tmp_path / "work.txt").read_text() == "changed\n"
    check_books(gateway, before, model)


@pytest.mark.parametrize("model", ["claude-sonnet-4.5", "gpt-5.2", "gemini-3-flash"])
def test_claude_code_changes_a_file(gateway: Gateway, tmp_path: Path, model: str) -> None:
    claude = program("claude")
    before = gateway.charges
    wanted = json.dumps({"command": "echo changed > work.txt", "description": "Writes a file"})
    said = run(
        [
            claude,
            "-p",
            f"call Bash with {wanted}",
            "--model",
            model,
            "--allowedTools",
            "Bash",
            "--output-format",
            "text",
        ],
        tmp_path,
        ANTHROPIC_BASE_URL=gateway.url,
        ANTHROPIC_API_KEY=gateway.keys["alice"],
        ANTHROPIC_SMALL_FAST_MODEL="claude-haiku-4.5",
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
        DISABLE_TELEMETRY="1",
    )
    assert (tmp_path / "work.txt").exists(), said
    check_books(gateway, before, model)


def check_books(gateway: Gateway, before: int, model: str) -> None:
    """Two turns at least: the call, and what came of it. Every one was charged, and nothing is held."""
    assert gateway.charges >= before + 2
    assert gateway.held == 0
    newest = gateway.rows("SELECT model_id, settlement FROM inference_completion ORDER BY created_at DESC LIMIT 2")
    assert {settlement for _, settlement in newest} == {"exact"}
    assert model in {name for name, _ in newest}
