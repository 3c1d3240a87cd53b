"""The sandbox as a process of its own, and a plain good request for each format."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx

Body = dict[str, Any]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
BEARER = {"authorization": "Bearer sk-any"}
CLAUDE = {"x-api-key": "sk-any", "anthropic-version": "2023-06-01"}
GOOGLE = {"x-goog-api-key": "any"}

FORMATS: dict[str, tuple[str, dict[str, str]]] = {
    "openai": ("/openai/v1/chat/completions", BEARER),
    "responses": ("/openai/v1/responses", BEARER),
    "anthropic": ("/anthropic/v1/messages", CLAUDE),
    "gemini": ("/gemini/v1beta/models/gemini-3-flash-preview:generateContent", GOOGLE),
    "moonshot": ("/moonshot/v1/chat/completions", BEARER),
    "qwen": ("/dashscope/compatible-mode/v1/chat/completions", BEARER),
}
MODELS = {
    "openai": "gpt-5.2",
    "responses": "gpt-5.2-codex",
    "anthropic": "claude-sonnet-4-5-20250929",
    "moonshot": "kimi-k2.5",
    "qwen": "qwen3-coder-plus",
}
ALL = tuple(FORMATS)


def says(wire: str, text: str, **more: Any) -> Body:
    """The smallest good request in that format."""
    if wire == "gemini":
        return {"contents": [{"role": "user", "parts": [{"text": text}]}], **more}
    if wire == "responses":
        return {"model": MODELS[wire], "input": text, **more}
    limit = {"max_tokens": 4000} if wire == "anthropic" else {}
    return {"model": MODELS[wire], "messages": [{"role": "user", "content": text}], **limit, **more}


def function(name: str = "get_weather", **more: Any) -> Body:
    """A chat tool."""
    return {"type": "function", "function": {"name": name, "parameters": CITY, **more}}


class Upstream:
    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "inference.sandbox", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.url = self.process.stdout.readline().split()[-1]
        self.http = httpx.Client(base_url=self.url, timeout=20)

    def close(self) -> int:
        self.http.close()
        self.process.terminate()
        return self.process.wait(10)

    def post(self, wire: str, body: Any, *, path: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
        found, authentication = FORMATS[wire]
        return self.http.post(path or found, json=body, headers=authentication if headers is None else headers)

    def stream(self, wire: str, body: Body) -> Iterator[bytes]:
        """The raw bytes of a stream as they come."""
        path, headers = FORMATS[wire]
        if wire == "gemini":
            path = path.replace("generateContent", "streamGenerateContent?alt=sse")
        else:
            body = {**body, "stream": True}
        with self.http.stream("POST", path, json=body, headers=headers) as response:
            yield from response.iter_raw()

    def events(self, wire: str, body: Body) -> list[Any]:
        lines = b"".join(self.stream(wire, body)).replace(b"\r\n", b"\n").decode().split("\n")
        found = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        return [json.loads(event) for event in found if event != "[DONE]"]

    def control(self, **orders: Any) -> None:
        assert self.http.post("/control", json=orders).is_success

    def meter(self) -> list[Body]:
        rows: list[Body] = self.http.get("/meter").json()
        return rows


def text_of(wire: str, reply: Body) -> str:
    """The text of a whole reply."""
    match wire:
        case "anthropic":
            return "".join(block["text"] for block in reply["content"] if block["type"] == "text")
        case "gemini":
            parts = reply["candidates"][0]["content"].get("parts", [])
            return "".join(part["text"] for part in parts if "text" in part and not part.get("thought"))
        case "responses":
            return "".join(item["content"][0]["text"] for item in reply["output"] if item["type"] == "message")
    return str(reply["choices"][0]["message"]["content"])


def streamed_text(wire: str, events: list[Any]) -> str:
    """The text of a stream's events."""
    match wire:
        case "anthropic":
            return "".join(event.get("delta", {}).get("text", "") for event in events)
        case "gemini":
            return "".join(text_of(wire, event) for event in events if event.get("candidates"))
        case "responses":
            return "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    choices = [choice for event in events for choice in event.get("choices", ())]
    return "".join(choice["delta"].get("content") or "" for choice in choices)
