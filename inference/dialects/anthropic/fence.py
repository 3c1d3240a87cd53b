"""JSON mode without a schema is an instruction only: Claude may put its JSON into a code fence, or words before it.
What is around the JSON is taken off, so that the text parses, in streams as in whole replies.
"""

import re
from dataclasses import dataclass

from inference.chat.reply import Delta

# The JSON begins at the start, behind a fence, or on a line of its own; `{"` and `{}` are no prose.
OPENING = re.compile(r"(?:\A\s*|```[A-Za-z0-9_-]*\s*|\n\s*)(?=\{\s*[\"}])|(?:\A|```[A-Za-z0-9_-]*)\s*(?=\[)")
LONGEST_PREFACE = 2_000  # characters; behind so much prose no JSON is looked for


@dataclass(slots=True)
class Fence:
    """Of one reply: holds back what comes before the JSON, drops what follows it; tells what is no JSON as it is."""

    held: str = ""
    is_open: bool = False  # the JSON has begun
    is_prose: bool = False
    depth: int = 0
    in_text: bool = False
    is_escaped: bool = False
    is_over: bool = False

    def pass_on(self, deltas: list[Delta]) -> list[Delta]:
        passed: list[Delta] = []
        for delta in deltas:
            if "content" in delta.fields:
                if text := self.read(delta.fields["content"]):
                    passed.append(Delta({"content": text}))
                continue
            if delta.finish_reason is not None and self.held:
                passed.append(Delta({"content": self.held}))
                self.held = ""
            passed.append(delta)
        return passed

    def read(self, text: str) -> str:
        if self.is_prose:
            return text
        if self.is_open:
            return self.inside(text)
        self.held += text
        if (found := OPENING.search(self.held)) is not None:
            self.is_open, text, self.held = True, self.held[found.end() :], ""
            return self.inside(text)
        if len(self.held) > LONGEST_PREFACE:
            self.is_prose, text, self.held = True, self.held, ""
            return text
        return ""

    def inside(self, text: str) -> str:
        """The text up to the end of the JSON."""
        if self.is_over:
            return ""
        for at, sign in enumerate(text):
            if self.is_escaped:
                self.is_escaped = False
            elif self.in_text:
                self.is_escaped, self.in_text = sign == "\\", sign != '"'
            elif sign == '"':
                self.in_text = True
            elif sign in "{[":
                self.depth += 1
            elif sign in "}]":
                self.depth -= 1
                if not self.depth:
                    self.is_over = True
                    return text[: at + 1]
        return text
