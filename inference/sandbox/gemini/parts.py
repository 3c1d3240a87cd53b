"""A reply as the parts of a candidate, and its usage."""

from dataclasses import dataclass
from typing import Any

from ..neutral_request import Usage
from ..replies import Reply, call_tokens
from ..word_tokens import count
from .models import MODELS
from .signatures import signature


@dataclass(frozen=True)
class Piece:
    """Parts that come in one chunk, the words they show and the tokens they cost."""

    parts: list[dict[str, Any]]
    words: int = 0
    tokens: int = 0


def shows_thoughts(reply: Reply) -> bool:
    shown: bool = reply.ask.body.get("generationConfig", {}).get("thinkingConfig", {}).get("includeThoughts", False)
    return shown


def pieces_of(reply: Reply) -> list[Piece]:
    """Generation 3 sends each call alone and ends with an empty, signed text; 2.5 sends all calls at once."""
    choice, third = reply.first, MODELS[reply.ask.model].is_third
    thoughts = (
        [Piece([{"text": word, "thought": True}], 1, count(word)) for word in choice.thinking]
        if shows_thoughts(reply)
        else []
    )
    texts = [Piece([{"text": word}], 1, count(word)) for word in choice.words]
    calls = [Piece([call_part(reply, nth, third=third)], 1, call_tokens(call)) for nth, call in enumerate(choice.calls)]
    if not third:
        together = [
            Piece([part for call in calls for part in call.parts], len(calls), sum(call.tokens for call in calls))
        ]
        return [*thoughts, *texts, *(together if calls else [])]
    end = {"text": ""} if calls or not texts else {"text": "", "thoughtSignature": signature(reply.seed[:16])}
    return [*thoughts, *texts, *calls, Piece([end])]


def call_part(reply: Reply, nth: int, *, third: bool) -> dict[str, Any]:
    call = reply.first.calls[nth]
    body = {"name": call.name, "args": call.arguments, **({"id": reply.id("", nth, length=8)} if third else {})}
    signed = nth == 0 and (third or bool(reply.first.thinking))
    return {"functionCall": body, **({"thoughtSignature": signature(reply.seed[:16])} if signed else {})}


def joined(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbouring texts of one kind become one part; the signature of an empty last one stays."""
    whole: list[dict[str, Any]] = []
    for part in parts:
        if whole and "text" in part and "text" in whole[-1] and part.get("thought") == whole[-1].get("thought"):
            whole[-1] = {**whole[-1], **part, "text": whole[-1]["text"] + part["text"]}
        elif part.get("text") != "" or "thoughtSignature" in part:
            whole.append(part)
    return whole


def so_far(usage: Usage, made: int) -> Usage:
    return Usage(usage.input, usage.cached, 0, 0, min(made, usage.output), min(made, usage.thinking))


def usage_metadata(usage: Usage) -> dict[str, Any]:
    """Thoughts stand beside the candidates' tokens, not inside them; cached ones are part of the prompt."""
    counts = {
        "promptTokenCount": usage.prompt,
        "candidatesTokenCount": usage.output - usage.thinking,
        "totalTokenCount": usage.prompt + usage.output,
    }
    cached = {
        "cachedContentTokenCount": usage.cached,
        "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": usage.cached}],
    }
    return {
        **{name: number for name, number in counts.items() if number or name != "candidatesTokenCount"},
        **(cached if usage.cached else {}),
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": usage.prompt}],
        **({"thoughtsTokenCount": usage.thinking} if usage.thinking else {}),
    }
