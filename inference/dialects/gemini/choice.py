"""One candidate of a reply, as its parts come (docs/providers/gemini.md)."""

from dataclasses import dataclass, field
from typing import Any

from inference.chat.reply import Delta
from inference.dialects.gemini import finish, signatures
from inference.dialects.gemini.calls import Calls
from inference.dialects.gemini.grounding import annotations
from inference.dialects.untrusted_json import mapping, objects, string


@dataclass(slots=True)
class Choice:
    """`reason` is Google's own, as last told: usage or an empty part may follow it."""

    index: int
    calls: Calls
    content: list[str] = field(default_factory=list)
    thought: bool = False
    signature: str | None = None
    grounding: Any = None
    reason: str | None = None
    message: str = ""
    ratings: Any = None

    @property
    def is_silent(self) -> bool:
        return not (self.content or self.thought or self.calls.count)

    def take(self, candidate: dict[str, Any]) -> list[Delta]:
        self.reason = finish.named(candidate.get("finishReason")) or self.reason
        self.message = string(candidate.get("finishMessage")) or self.message
        self.ratings = candidate.get("safetyRatings") or self.ratings
        self.grounding = candidate.get("groundingMetadata") or self.grounding
        deltas: list[Delta] = []
        for part in objects(mapping(candidate.get("content")).get("parts")):
            deltas += self.part(part)
        return deltas

    def part(self, part: dict[str, Any]) -> list[Delta]:
        """What Google's own tools write has no place in a chat completion, and new kinds of parts come unannounced."""
        match part:
            case {"functionCall": dict(said)}:
                return self.numbered(self.calls.take(said, string(part.get("thoughtSignature"))))
            case {"text": str(text), "thought": True}:
                return self.think(text)
            case {"text": str(text)}:
                self.signature = string(part.get("thoughtSignature")) or self.signature
                return self.write(text)
        return []

    def think(self, text: str) -> list[Delta]:
        self.thought = self.thought or bool(text)
        return [Delta({"reasoning_content": text}, None, self.index)] if text else []

    def write(self, text: str) -> list[Delta]:
        if not text:
            return []
        self.content.append(text)
        return [Delta({"content": text}, None, self.index)]

    def end(self, *, is_blocked: bool) -> list[Delta]:
        """What is still owed. Raises `ProviderError` where the candidate broke off, or must not pass for an answer."""
        deltas = self.calls.finish()
        if is_blocked and self.reason is None:
            reason = "content_filter"
        else:
            calls, text = self.calls.count > 0, bool(self.content)
            reason = finish.finish_reason(self.reason, calls=calls, text=text, message=self.message)
        if self.grounding and (cited := annotations(self.grounding, "".join(self.content))):
            deltas.append(Delta({"annotations": cited}))
        if self.signature:
            deltas.append(Delta({"extra_content": signatures.carried(self.signature)}))
        if reason == "content_filter":
            deltas.append(Delta({"refusal": finish.stopped(self.reason, self.message, self.ratings)}))
        return self.numbered([*deltas, Delta(finish_reason=reason)])

    def numbered(self, deltas: list[Delta]) -> list[Delta]:
        for delta in deltas:
            delta.index = self.index
        return deltas
