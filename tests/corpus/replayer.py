"""Recorded answers on a loopback port: a request whose prompt names a case gets that case's answer, byte for byte."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "cases"
# folder of the corpus → the model of ours that speaks its language
MODELS = {
    "openai": "gpt-5-mini",
    "extra-azure-openai": "gpt-5-mini",
    "openai-responses": "gpt-5.2-codex",
    "anthropic": "claude-haiku-4.5",
    "google": "gemini-3-flash",
    "moonshot": "kimi-k2.5",
    "compat-kimi-qwen": "kimi-k2.5",
    "qwen": "qwen3-coder",
}
MARK = re.compile(rb"case<([^>]+)>")

Case = dict[str, Any]


def case(name: str) -> Case:
    found: Case = json.loads((CORPUS / f"{name}.json").read_text())
    return found


def names(*providers: str) -> list[str]:
    return [f"{provider}/{path.stem}" for provider in providers for path in sorted((CORPUS / provider).glob("*.json"))]


def body_of(recorded: Case) -> tuple[str, bytes]:
    if "sse" in recorded:
        return "text/event-stream", recorded["sse"].encode()
    if "response_text" in recorded:
        return "text/html", recorded["response_text"].encode()
    return "application/json", json.dumps(recorded["response"]).encode()


class Replay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["content-length"]))
        mark = MARK.search(asked)
        assert mark, asked
        recorded = case(mark[1].decode())
        kind, body = body_of(recorded)
        self.send_response(recorded["status"])
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name in ("retry-after", "x-should-retry"):
            if value := (recorded.get("response_headers") or {}).get(name):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said: Any) -> None:
        """Not to the test's output."""


@contextmanager
def replaying() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Replay)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
