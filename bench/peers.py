"""Portkey's gateway and LiteLLM's proxy, installed into var/peers when asked for, each before the same upstream.

Both pass requests along: no accounts, keys, holds or ledger. Versions are fixed, so that figures of two days compare.
LiteLLM 1.107.0 was a compromised release: never that one.
"""

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.stage import Stage, free_port

HOME = Path("var/peers")
PACKAGE = {
    "name": "peer", "private": True, "dependencies": {"@portkey-ai/gateway": "1.15.2"},
    "overrides": {"@hono/node-server": "1.13.8"},  # newer ones answer 500 to streams on Node 20
}  # fmt: skip
LITELLM = "litellm[proxy]==1.108.7"
START_SECONDS = 120


def install() -> None:
    portkey, litellm = HOME / "portkey", HOME / "litellm"
    portkey.mkdir(parents=True, exist_ok=True)
    (portkey / "package.json").write_text(json.dumps(PACKAGE))
    if not (portkey / "node_modules/@portkey-ai/gateway/build").exists():
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=portkey, check=True)
    if not (litellm / "bin/litellm").exists():
        subprocess.run([sys.executable, "-m", "venv", litellm], check=True)
        subprocess.run([litellm / "bin/pip", "install", "--quiet", LITELLM], check=True)


@contextmanager
def portkey(upstream: str) -> Iterator[Stage]:
    port = free_port()
    script = "node_modules/@portkey-ai/gateway/build/start-server.js"
    with running(["node", script, f"--port={port}", "--headless"], HOME / "portkey", port) as process:
        headers = ("x-portkey-provider: openai", f"x-portkey-custom-host: {upstream}")
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        yield Stage("Portkey", process.pid, url, ["none"], None, headers)


@contextmanager
def litellm(upstream: str) -> Iterator[Stage]:
    port, key = free_port(), f"sk-{secrets.token_hex(16)}"
    model = {"model": "openai/gpt-5-mini", "api_base": upstream, "api_key": "none"}
    said = {
        "model_list": [{"model_name": "gpt-5-mini", "litellm_params": model}],
        "general_settings": {"master_key": key},
    }
    settings = HOME / f"litellm-{port}.json"  # JSON is YAML
    settings.write_text(json.dumps(said))
    command = ["litellm/bin/litellm", "--config", settings.name, "--host", "127.0.0.1", "--port", str(port)]
    try:
        with running(command, HOME, port, LITELLM_LOCAL_MODEL_COST_MAP="True") as process:
            yield Stage("LiteLLM", process.pid, f"http://127.0.0.1:{port}/v1/chat/completions", [key], None)
    finally:
        settings.unlink()


@contextmanager
def running(command: list[str], folder: Path, port: int, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    with (HOME / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **more}, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[0]} did not start; {HOME / 'log'} says why")
            time.sleep(0.2)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True
