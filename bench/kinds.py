"""The kinds of load there are."""

from dataclasses import dataclass

from bench.replies import CHAT, MESSAGES, RESPONSES

ACCOUNTS = 16  # so that requests meet on one account as rarely as they do in life
AT_ONCE = "Say 100 words, one every 0 ms."
PACED = "Say 50 words, one every 20 ms."


@dataclass(frozen=True)
class Kind:
    name: str
    streams: bool
    connections: int = 32
    accounts: int = ACCOUNTS
    model: str = "gpt-5-mini"
    path: str = CHAT  # says the customer's format
    prompt: str = AT_ONCE


KINDS = {
    "json": Kind("JSON", False),
    "one": Kind("JSON, one account", False, accounts=1),
    "alone": Kind("JSON, one connection", False, connections=1, accounts=1),
    "stream": Kind("stream, 100 chunks at once", True),
    "paced": Kind("stream, 50 chunks, 20 ms apart", True, connections=100, prompt=PACED),
    "claude-stream": Kind("stream of Claude", True, model="claude-haiku-4.5"),
    "gemini-stream": Kind("stream of Gemini", True, model="gemini-2.5-flash"),
    "codex-stream": Kind("stream of OpenAI's Responses", True, model="gpt-5.2-codex"),
    "responses": Kind("Responses, JSON", False, path=RESPONSES),
    "responses-stream": Kind("Responses, stream", True, path=RESPONSES),
    "responses-paced": Kind("Responses, paced stream", True, connections=100, path=RESPONSES, prompt=PACED),
    "messages": Kind("Messages, JSON", False, path=MESSAGES),
    "messages-stream": Kind("Messages, stream", True, path=MESSAGES),
    "messages-paced": Kind("Messages, paced stream", True, connections=100, path=MESSAGES, prompt=PACED),
}
# What is held against another kind's CPU, in turns with it.
BESIDE = {
    "claude-stream": "stream", "gemini-stream": "stream", "codex-stream": "stream", "responses": "json",
    "messages": "json", "responses-stream": "stream", "messages-stream": "stream", "responses-paced": "paced",
    "messages-paced": "paced",
}  # fmt: skip
# What others can be compared in.
COMPARED = ("json", "stream", "paced")


@dataclass(frozen=True)
class Open:
    """So many streams open at once, opened one after the other."""

    name: str
    streams: int
    words: int
    gap_ms: int
    opened_over: float

    @property
    def prompt(self) -> str:
        return f"Say {self.words} words, one every {self.gap_ms} ms."


OPEN = {
    "open-1000": Open("1,000 open streams, 4 chunks a second", 1_000, 40, 250, 4),
    "open-5000": Open("5,000 open streams, 1 chunk a second", 5_000, 20, 1_000, 15),
}
UNLOADED = "unloaded"
ALL = (*KINDS, UNLOADED, *OPEN)
