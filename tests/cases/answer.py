"""What a caller got, in one form for a JSON body and a stream, so that a case is checked alike in both."""

import json
from typing import Any

Json = dict[str, Any]


def seen(status: int, headers: dict[str, str], body: bytes) -> Json:
    """text, reasoning, refusal, calls, finish, usage, extra, error, done: what a client reads."""
    if not headers.get("content-type", "").startswith("text/event-stream"):
        return {"status": status, **of_json(json.loads(body))}
    return {"status": status, **of_stream(body.decode())}


def seen_in(format: str, status: int, headers: dict[str, str], body: bytes) -> Json:
    """Of the other formats a case sees the JSON as it is, and a stream's events by the order in which they came."""
    if format == "chat":
        return seen(status, headers, body)
    if not headers.get("content-type", "").startswith("text/event-stream"):
        return {"status": status, "body": json.loads(body)}
    lines = [line[6:] for block in body.decode().split("\n\n") for line in block.splitlines() if line[:6] == "data: "]
    return {"status": status, "events": [json.loads(line) for line in lines if line != "[DONE]"]}


def of_json(body: Json) -> Json:
    if "error" in body:
        return {"error": body["error"]}
    choices = [choice["message"] | {"finish": choice["finish_reason"]} for choice in body["choices"]]
    return {**of_choices(choices), "usage": body.get("usage"), "model": body.get("model"), "id": body.get("id")}


def of_stream(text: str) -> Json:
    blocks = [line[6:] for line in text.split("\n\n") if line.startswith("data: ")]
    chunks = [json.loads(block) for block in blocks if block != "[DONE]"]
    choices: dict[int, Json] = {}
    for chunk in chunks:
        for choice in chunk.get("choices", ()):
            gather(choices.setdefault(choice["index"], {}), choice)
    usage = next((chunk["usage"] for chunk in chunks if chunk.get("usage")), None)
    error = next(({"error": chunk["error"]} for chunk in chunks if "error" in chunk), {})
    messages = [choices[index] for index in sorted(choices)]
    model = next((chunk["model"] for chunk in chunks if chunk.get("model")), None)
    return {**of_choices(messages), "usage": usage, "model": model, "done": blocks[-1:] == ["[DONE]"], **error}


def gather(message: Json, choice: Json) -> None:
    delta = choice["delta"]
    for name in ("content", "reasoning_content", "refusal"):
        if delta.get(name):
            message[name] = (message.get(name) or "") + delta[name]
    for name in ("annotations", "thinking_blocks"):
        listed = message.setdefault(name, [])
        for piece in delta.get(name, ()):
            assert piece["index"] == len(listed), piece
            listed.append({inner: value for inner, value in piece.items() if inner != "index"})
    if delta.get("extra_content"):
        message["extra_content"] = delta["extra_content"]
    for piece in delta.get("tool_calls", ()):
        calls = message.setdefault("tool_calls", [])
        while len(calls) <= piece["index"]:
            calls.append({})
        join(calls[piece["index"]], {name: value for name, value in piece.items() if name != "index"})
    message["finish"] = choice["finish_reason"] or message.get("finish")


def join(call: Json, piece: Json) -> None:
    for name, value in piece.items():
        if isinstance(value, dict):
            join(call.setdefault(name, {}), value)
        elif isinstance(value, str) and isinstance(call.get(name), str) and name in ("arguments", "input"):
            call[name] += value
        else:
            call.setdefault(name, value)


def of_choices(messages: list[Json]) -> Json:
    first = messages[0] if messages else {}
    return {
        "text": first.get("content"),
        "reasoning": first.get("reasoning_content"),
        "refusal": first.get("refusal"),
        "calls": first.get("tool_calls") or [],
        "annotations": first.get("annotations") or [],
        "thinking_blocks": first.get("thinking_blocks") or [],
        "extra": first.get("extra_content"),
        "finish": first.get("finish"),
        "choices": len(messages),
    }
