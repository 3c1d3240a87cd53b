"""A reply on its way round: what a stock SDK makes of it, sent back to us as the next turn, for every dialect."""

import json
from typing import Any

from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from inference.api.chat.write import Chunks, completion
from inference.chat.encoding import dumps
from inference.chat.provider_error import BAD_REQUEST, ProviderError
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.reply import Reply
from inference.chat.request import ChatRequest
from inference.sandbox.openai_responses.wire import Responses
from inference.sandbox.refusals import Refused
from inference.sandbox.validators import Invalid
from tests.attacks.measuring import listing
from tests.inference.dialects.anthropic.sandbox import accepts as claude_accepts
from tests.inference.dialects.gemini.sandbox import accepts as gemini_accepts
from tests.inference.dialects.openai_chat.judges import complaint

Json = dict[str, Any]

USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
HELLO = [{"role": "user", "content": "Hello"}]
TOOLS = [{"type": "function", "function": {"name": "find_city", "parameters": {"type": "object", "properties": {}}}}]
TAKERS = ("gpt-5-mini", "gpt-5.2", "kimi-k2.5", "qwen3-coder", "gpt-5.2-codex", "claude-haiku-4.5", "claude-opus-4.6",
          "gemini-2.5-flash", "gemini-3-flash")  # fmt: skip


def asked(**fields: Any) -> ChatRequest:
    return ChatRequest.read(json.dumps({"model": "m", "messages": HELLO, "tools": TOOLS, **fields}).encode())


def by_json(reply: Reply) -> Json:
    """The message as the SDK has it of a whole reply."""
    sent = dumps(completion("chatcmpl-1", reply, asked(), "m", USAGE))
    return echoed(ChatCompletion.construct(**json.loads(sent)).choices[0].message)


def by_stream(reply: Reply) -> Json:
    """The message as the SDK adds it up."""
    chunks, state = Chunks("chatcmpl-1", asked(stream=True), "m"), ChatCompletionStreamState()
    chunks.begin(reply.facts)
    for line in chunks.events([delta for delta in reply.deltas() if delta.index == 0]).decode().split("\n\n"):
        if line:
            state.handle_chunk(ChatCompletionChunk.construct(**json.loads(line.removeprefix("data: "))))
    return echoed(state.current_completion_snapshot.choices[0].message)


def echoed(message: Any) -> Json:
    told = {name: value for name, value in message.model_dump(mode="json").items() if value is not None}
    for call in told.get("tool_calls", ()):
        call.pop("index", None)
        (call.get("function") or {}).pop("parsed_arguments", None)
    return {name: value for name, value in told.items() if name != "parsed"}


def next_turn(message: Json) -> list[Json]:
    answers = [{"role": "tool", "tool_call_id": call["id"], "content": "7"} for call in message.get("tool_calls", ())]
    return [*HELLO, message, *answers, {"role": "user", "content": "And then?"}]


def objection(model: str, messages: list[Json]) -> str | None:
    """What there is against a conversation, here or at the provider, when its dialect has mended what it can."""
    book = listing(model)
    request = ChatRequest.read(json.dumps({"model": model, "messages": messages, "tools": TOOLS}).encode())
    rendered = book.dialect.render(request, Target(book.upstream_id, book.traits, str))
    said = refusal(model, rendered)
    if said and book.dialect.mend(rendered, ProviderError(BAD_REQUEST, said, upstream_status=400)):
        said = refusal(model, rendered)
    return said


def refusal(model: str, rendered: ProviderRequest) -> str | None:
    """As the provider's sandbox has it."""
    body = json.loads(rendered.encoded())
    try:
        if model.startswith("claude"):
            claude_accepts(body)
        elif model.startswith("gemini"):
            gemini_accepts(body, model)
        elif model == "gpt-5.2-codex":
            Responses().checked(body)
        else:
            return complaint(model, body)
    except (Refused, Invalid) as refused:
        return getattr(refused, "message", str(refused))
    return None
