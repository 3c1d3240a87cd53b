"""What the official SDK made of an answer, streamed or not, in one form; and what a dialect read, proved elsewhere."""

import json
from dataclasses import dataclass, field
from typing import Any

import openai

from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.chat.reply import Gathered, Reply
from inference.chat.usage import Usage
from inference.dialects import Dialect
from inference.sse import Decoder
from tests.corpus.replayer import Case


@dataclass
class Said:
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    finish: list[str] = field(default_factory=list)
    usage: tuple[int, int, int, int | None] | None = None
    status: int = 200  # of an error; 0: the stream broke off


def parsed(arguments: str) -> Any:
    """A reply that met its limit may break off inside a call."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


# By the SDK


def asked_json(client: openai.OpenAI, model: str, prompt: str) -> Said:
    try:
        completion = client.chat.completions.create(model=model, messages=[{"role": "user", "content": prompt}])
    except openai.APIStatusError as error:
        return Said(status=error.status_code)
    said = Said(usage=usage_of(completion.usage))
    for choice in completion.choices:
        message = choice.message
        said.text += message.content or ""
        said.reasoning += getattr(message, "reasoning_content", None) or ""
        said.refusal += message.refusal or ""
        calls = [call.function for call in message.tool_calls or () if call.type == "function"]
        said.calls += [(call.name, parsed(call.arguments)) for call in calls]
        said.finish.append(choice.finish_reason)
    return said


def asked_stream(client: openai.OpenAI, model: str, prompt: str) -> Said:
    said, calls = Said(), {}  # type: Said, dict[tuple[int, int], list[str]]
    texts: dict[int, str] = {}
    try:
        stream = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": prompt}],
            stream=True,
            stream_options={"include_usage": True},
        )
        for chunk in stream:
            said.usage = usage_of(chunk.usage) if chunk.usage else said.usage
            for choice in chunk.choices:
                delta = choice.delta
                texts[choice.index] = texts.get(choice.index, "") + (delta.content or "")
                said.reasoning += getattr(delta, "reasoning_content", None) or ""
                said.refusal += delta.refusal or ""
                said.finish += [choice.finish_reason] if choice.finish_reason else []
                for call in (call for call in delta.tool_calls or () if call.function is not None):
                    known = calls.setdefault((choice.index, call.index), ["", ""])
                    known[0] += (call.function and call.function.name) or ""
                    known[1] += (call.function and call.function.arguments) or ""
    except openai.APIStatusError as error:
        return Said(status=error.status_code)
    except openai.APIError:
        said.status = 0
    said.text = "".join(text for _, text in sorted(texts.items()))
    said.calls = [(name, parsed(arguments)) for _, (name, arguments) in sorted(calls.items())]
    return said


def usage_of(usage: Any) -> tuple[int, int, int, int | None] | None:
    if usage is None:
        return None
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    return (usage.prompt_tokens, prompt.cached_tokens or 0, usage.completion_tokens, completion.reasoning_tokens)


# By the dialect


def recorded(dialect: Dialect, rendered: ProviderRequest, case: Case) -> Said:
    """Of a reply whose provider reported no usage, the usage is ours to estimate: it is not compared."""
    try:
        reply = read(dialect, rendered, case)
    except ProviderError as fault:
        return Said(status=fault.meaning.status)
    said = Said(usage=usage_shown(reply.facts.usage))
    for choice in reply.choices:
        message = choice.message
        said.text += message.get("content") or ""
        said.reasoning += message.get("reasoning_content") or ""
        said.refusal += message.get("refusal") or ""
        calls = [call["function"] for call in message.get("tool_calls") or () if "function" in call]
        said.calls += [(call["name"], parsed(call["arguments"])) for call in calls]
        said.finish.append(choice.finish_reason)
    return said


def read(dialect: Dialect, rendered: ProviderRequest, case: Case) -> Reply:
    if case["status"] >= 300:
        body = case["response_text"] if "response_text" in case else json.dumps(case.get("response"))
        if "sse" in case:
            body = case["sse"]
        headers = {name.lower(): value for name, value in (case.get("response_headers") or {}).items()}
        raise dialect.fault(case["status"], headers, body.encode())
    if "sse" not in case:
        return dialect.parse(case["response"] if "response" in case else json.loads(case["response_text"]), rendered)
    gathered, decoder, translator = Gathered(), Decoder(), dialect.stream(rendered)
    for event in decoder.feed(case["sse"].encode()) + decoder.end():
        if event.data == "[DONE]":
            break
        for delta in translator.feed(event):
            gathered.add(delta)
    for delta in translator.end():
        gathered.add(delta)
    return gathered.reply(translator.facts)


def usage_shown(usage: Usage | None) -> tuple[int, int, int, int | None] | None:
    if usage is None:
        return None
    shown = usage.as_openai()
    prompt, completion = shown["prompt_tokens_details"], shown["completion_tokens_details"]
    return (
        shown["prompt_tokens"],
        prompt["cached_tokens"],
        shown["completion_tokens"],
        completion.get("reasoning_tokens"),
    )
