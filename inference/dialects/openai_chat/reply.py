"""A JSON reply, and what a message and an envelope say in either form (docs/providers/)."""

from collections.abc import Mapping
from typing import Any

from inference.chat.provider_error import BAD_RESPONSE, TRUNCATED, ProviderError, keeping
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Choice, Facts, Reply
from inference.dialects.openai_chat import calls, faults, finish, usage
from inference.dialects.untrusted_json import mapping, number, objects, string

Body = dict[str, Any]

WORDS = ("text", "output_text")  # parts that are the answer, and those that were thought on the way (Mistral)
THOUGHTS = ("thinking", "reasoning", "reasoning_text", "summary_text")
REASONINGS = ("reasoning_content", "reasoning")  # Moonshot and Qwen; Groq, OpenRouter and newer vLLM


def parse(body: Mapping[str, Any], rendered: ProviderRequest) -> Reply:
    """Raises `ProviderError` where it is no reply, or says that it failed."""
    if not isinstance(body, dict):
        raise ProviderError(BAD_RESPONSE, said=f"{body!r:.500}")
    if failed := faults.in_reply(body):
        raise failed
    if not (choices := objects(body.get("choices"))):
        raise ProviderError(BAD_RESPONSE, said="A reply without choices.")
    facts = Facts()
    learn(facts, body)
    for numbers in (*(choice.get("usage") for choice in choices), body.get("usage")):
        learn_usage(facts, numbers)
    with keeping(facts):
        return Reply([choice(numbers, position, rendered.names) for position, numbers in enumerate(choices)], facts)


def choice(body: Body, position: int, names: Mapping[str, str]) -> Choice:
    """Raises `ProviderError` where the provider did not say why it stopped: it may have been cut off."""
    message = mapping(body.get("message"))
    called = calls.whole(message, names)
    reason = finish.reason(body.get("finish_reason"))
    if reason is None:
        raise ProviderError(TRUNCATED, said="A choice without a finish_reason.")
    index = number(body.get("index"))
    return Choice(
        written(message, called),
        reason,
        position if index is None else index,
        logprobs(body.get("logprobs")),
    )


def written(message: Body, called: list[Body]) -> Body:
    content, thought = spoken(message.get("content"))
    body: Body = {
        "role": "assistant",
        "content": content or ("" if isinstance(message.get("content"), str) else None),
        "refusal": string(message.get("refusal")),
    }
    if thought := reasoning(message) or thought:
        body["reasoning_content"] = thought
    if annotations := objects(message.get("annotations")):
        body["annotations"] = annotations
    if called:
        body["tool_calls"] = called
    return body


def spoken(content: Any) -> tuple[str, str]:
    """The text of a content, and what was thought in it: some servers write both as a list of parts, or as one."""
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        return string(content) or "", ""
    text, thought = "", ""
    for part in content:
        kind = part.get("type", "text") if isinstance(part, dict) else "text"
        said = part if isinstance(part, str) else string(mapping(part).get("text")) or ""
        if kind in THOUGHTS:
            thought += said or spoken(part.get("thinking"))[0] or spoken(part.get("summary"))[0]
        elif kind in WORDS:
            text += said
    return text, thought


def reasoning(message: Body) -> str:
    """The same thought may come under several names: the first that holds one."""
    for name in REASONINGS:
        if isinstance(thought := message.get(name), str) and thought:
            return thought
    details = objects(message.get("reasoning_details"))
    return "".join(string(detail.get("text")) or string(detail.get("summary")) or "" for detail in details)


def logprobs(value: Any) -> Body | None:
    """Tokens with their odds, or nothing: some servers send a bare number."""
    listed = {
        name: tokens
        for name in ("content", "refusal")
        if isinstance(tokens := mapping(value).get(name), list) and tokens
    }
    return {"content": listed.get("content"), "refusal": listed.get("refusal")} if listed else None


# The envelope -----------------------------------------------------------------------------------


def learn(facts: Facts, envelope: Body) -> None:
    """What came first stands; Azure's first chunk says nothing."""
    facts.model = facts.model or string(envelope.get("model")) or None
    facts.upstream_id = facts.upstream_id or string(envelope.get("id")) or None
    facts.created = facts.created or number(envelope.get("created")) or None
    facts.system_fingerprint = facts.system_fingerprint or string(envelope.get("system_fingerprint")) or None
    facts.service_tier = facts.service_tier or string(envelope.get("service_tier")) or None


def learn_usage(facts: Facts, numbers: Any) -> None:
    if isinstance(numbers, dict) and numbers:
        facts.raw_usage = usage.merged(facts.raw_usage, numbers)
        facts.usage = usage.read(facts.raw_usage)
