"""JSON mode without a schema is an instruction only, and Claude may put its JSON into a code fence. It is taken off."""

import json
from dataclasses import dataclass, field

from inference.chat.reply import Delta

OPENINGS = ("```", "```json")


@dataclass(slots=True)
class Fence:
    """Holds the text back until the finish shows what surrounds it; for callers who wait for the whole anyway."""

    held: list[str] = field(default_factory=list)

    def pass_on(self, deltas: list[Delta]) -> list[Delta]:
        passed: list[Delta] = []
        for delta in deltas:
            if "content" in delta.fields:
                self.held.append(delta.fields["content"])
                continue
            if delta.finish_reason is not None and self.held:
                passed.append(Delta({"content": unfenced("".join(self.held))}))
            passed.append(delta)
        return passed


def unfenced(text: str) -> str:
    opening, _, rest = text.strip().partition("\n")
    inside = rest.removesuffix("```").strip()
    fenced = rest.endswith("```") and opening.strip().lower() in OPENINGS
    return inside if fenced and is_json(inside) else text


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
