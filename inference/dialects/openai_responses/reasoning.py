"""Sealed thoughts between tool turns.

Nothing is stored at OpenAI, so a model remembers its reasoning only if the caller brings it back. A reply says in
`message.extra_content.openai` in which order its items were made: reasoning whole, texts and calls by reference:

    {"model": "gpt-5.2-codex",
     "output": [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "…"},
                {"type": "message", "phase": "commentary", "length": 21},
                {"type": "function_call", "call_id": "call_1"}]}

Callers who echo nothing lose quality, never the answer. What comes back was in a caller's hands: only what we know
is taken.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from inference.chat.messages import Message
from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.dialects.untrusted_json import mapping, number, objects, string

REFUSED = re.compile(r"encrypted content .{0,200}could not be (?:verified|decrypted|parsed)", re.I | re.S)
PHASES = ("commentary", "final_answer")


def extra_content(output: Iterable[dict[str, Any]], upstream_model: str) -> dict[str, Any] | None:
    """What a reply's message carries, None where there is nothing to keep."""
    steps = [step for item in output if (step := outgoing(item)) is not None]
    worth_keeping = any(step["type"] == "reasoning" or step.get("phase") for step in steps)
    return {"openai": {"model": upstream_model, "output": steps}} if worth_keeping else None


def outgoing(item: dict[str, Any]) -> dict[str, Any] | None:
    match item.get("type"):
        case "reasoning":
            return sealed(item)
        case "message":
            texts = [part for part in objects(item.get("content")) if part.get("type") == "output_text"]
            phase = {"phase": item["phase"]} if item.get("phase") in PHASES else {}
            return {"type": "message", **phase, "length": sum(len(string(part.get("text")) or "") for part in texts)}
        case "function_call" | "custom_tool_call" as kind:
            return {"type": kind, "call_id": string(item.get("call_id"))}
    return None


def beginning(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """Of an item that opens: what callers who speak this API must know before its words."""
    if item.get("type") == "message" and item.get("phase") in PHASES:
        return {"type": "message", "phase": item["phase"]}
    if item.get("type") == "reasoning" and (name := string(item.get("id"))):
        return {"type": "reasoning", "id": name}
    return None


def carried(message: Message, upstream_model: str) -> list[dict[str, Any]]:
    """The steps of an assistant message. Another model could not unseal them and would refuse the whole request;
    callers who speak this API do not say which model made them.
    """
    kept = mapping((message.extra_content or {}).get("openai"))
    if kept.get("model", upstream_model) != upstream_model:
        return []
    return [step for item in objects(kept.get("output")) if (step := incoming(item)) is not None]


def incoming(item: dict[str, Any]) -> dict[str, Any] | None:
    match item.get("type"):
        case "reasoning":
            return sealed(item)
        case "message":
            phase = item["phase"] if item.get("phase") in PHASES else None
            return {"type": "message", "phase": phase, "length": max(number(item.get("length")) or 0, 0)}
        case "function_call" | "custom_tool_call" as kind:
            return {"type": kind, "call_id": string(item.get("call_id"))}
    return None


def sealed(item: dict[str, Any]) -> dict[str, Any] | None:
    """A reasoning item as the API takes it back; without its seal it is the id of something that was never stored."""
    name, seal = string(item.get("id")), string(item.get("encrypted_content"))
    if not name or not seal:
        return None
    texts = [string(part.get("text")) for part in objects(item.get("summary"))]
    summary = [{"type": "summary_text", "text": text} for text in texts if text is not None]
    return {"type": "reasoning", "id": name, "summary": summary, "encrypted_content": seal}


def mend(rendered: ProviderRequest, fault: ProviderError) -> bool:
    """Whether a seal was not known (another key's, or cut on the way): the conversation goes without thoughts."""
    is_about_it = fault.provider_code == "invalid_encrypted_content" or REFUSED.search(fault.said)
    left = [item for item in rendered.body["input"] if item["type"] != "reasoning"]
    if fault.upstream_status != 400 or not is_about_it or len(left) == len(rendered.body["input"]):
        return False
    rendered.body["input"] = left
    rendered.transform("reasoning_removed")
    return True


def followed(items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reasoning that led to nothing is refused by the API ("provided without its required following item")."""
    kept = list(items)
    while kept and kept[-1]["type"] == "reasoning":
        kept.pop()
    return kept
