"""Conway's own client, as npm has it, against a server of ours: nothing is changed but its CONWAY_API_URL."""

import itertools
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from pytest_django import DjangoDbBlocker

from accounts.models import User
from credits import ledger
from credits.models import CreditTransaction
from tests.clients.installed import KEPT
from tests.lasting_service import fresh as fresh
from tests.lasting_service import lasting_service
from tests.served import Served

CLIENT = "conway-terminal@2.0.9"
INSTALLED = "installed"  # the file that says that it is all there
SECONDS = 300
INSTALL_SECONDS = 120

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not (which("node") and which("npm")), reason=f"{CLIENT} needs Node and npm; one is not here"),
]


@pytest.fixture(scope="module")
def client() -> Path:
    """Where it is installed, once for all runs: this version of it does not change."""
    folder = KEPT / CLIENT
    if (folder / INSTALLED).exists():
        return folder
    command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", CLIENT]
    try:
        installed = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm did not install {CLIENT} in {INSTALL_SECONDS} s: is a registry within reach?")
    if installed.returncode:
        pytest.skip(f"npm could not install {CLIENT}: {installed.stderr[-300:]}")
    (folder / INSTALLED).touch()
    return folder


class Terminal:
    """With an empty home of its own."""

    def __init__(self, client: Path, home: Path, url: str) -> None:
        self.command = [str(client / "node_modules" / ".bin" / "conway-terminal")]
        own = {name: value for name, value in os.environ.items() if not name.startswith("CONWAY_")}
        self.environment = {**own, "HOME": str(home), "CONWAY_API_URL": url}
        self.config = home / ".conway" / "config.json"

    def run(self, option: str) -> dict[str, Any]:
        ended = subprocess.run(
            [*self.command, option], env=self.environment, capture_output=True, text=True, timeout=SECONDS
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def tools(self) -> "Tools":
        return Tools(
            subprocess.Popen(
                self.command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )


class Tools:
    """MCP over stdio: a line of JSON-RPC each way."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.numbers = itertools.count()
        client = {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        self.ask("initialize", client)
        self.tell({"method": "notifications/initialized"})

    def call(self, tool: str, **arguments: Any) -> Any:
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        assert not result.get("isError"), result
        return json.loads(result["content"][0]["text"])

    def fail(self, tool: str, **arguments: Any) -> str:
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        assert result["isError"], result
        return result["content"][0]["text"]

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        self.tell({"id": next(self.numbers), "method": method, "params": params})
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())["result"]

    def tell(self, message: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def end(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def service(client: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Served]:
    with lasting_service(django_db_blocker) as server:
        yield server


@pytest.fixture
def terminal(service: Served, fresh: None, client: Path, tmp_path: Path) -> Terminal:
    return Terminal(client, tmp_path, service.url)


@pytest.fixture
def tools(terminal: Terminal) -> Iterator[Tools]:
    """Of a terminal that has its key."""
    terminal.run("--provision")
    tools = terminal.tools()
    yield tools
    tools.end()


HELLO = {"model": "gpt-5.2", "messages": [{"role": "user", "content": "say 3 words"}], "max_tokens": 50}


def test_a_wallet_signs_in_and_its_key_lands_in_the_config(terminal: Terminal) -> None:
    wallet = terminal.run("--init")
    provisioned = terminal.run("--provision")
    assert wallet["isNew"] and provisioned["walletAddress"] == wallet["address"]
    assert json.loads(terminal.config.read_text())["apiKey"] == provisioned["apiKey"]
    assert provisioned["apiKey"].startswith(provisioned["keyPrefix"])
    assert User.objects.get().wallets.get().checksummed == wallet["address"]
    again = terminal.run("--provision")
    assert again["walletAddress"] == wallet["address"] and again["apiKey"] != provisioned["apiKey"]
    assert User.objects.get().api_keys.count() == 2


def test_its_tools_buy_a_completion_and_show_balance_history_and_prices(tools: Tools) -> None:
    assert tools.call("credits_balance")["formatted"] == "$0.00"
    assert "Insufficient credits" in tools.fail("chat_completions", **HELLO)
    ledger.top_up(user=User.objects.get(), cents=500, reference="first", reason="To try it", by=None)
    said = tools.call("chat_completions", **HELLO)
    assert said["content"] and said["finish_reason"] == "stop" and said["usage"]["charged_cents"] == 1
    assert tools.call("credits_balance")["credits_cents"] == 499
    charge, top_up = tools.call("credits_history", limit=20)["transactions"]
    assert (charge["type"], charge["amount_cents"], charge["receipt_id"]) == ("inference", -1, said["id"])
    assert (top_up["type"], top_up["amount_cents"]) == ("top_up", 500)
    assert tools.call("credits_history", limit=1, offset=1)["transactions"] == [top_up]
    assert CreditTransaction.objects.get(type="inference").key.name == "conway-terminal"
    prices = tools.call("credits_pricing")
    assert (prices["tiers"], prices["markup"], prices["minimum_cents"]) == ([], "1.3", 10)
    assert {"gpt-5.2", "claude-opus-4.6", "qwen3-coder"} <= {model["id"] for model in prices["models"]}
