"""The reply to an Ask, before any wire gives it a form. The same ask gets the same reply."""

import hashlib
import itertools
import json
import re
from dataclasses import dataclass, replace

from .fault_injection import Orders
from .neutral_request import Ask, Usage
from .schema_samples import Sampler
from .tool_choice import Call, choose
from .word_tokens import count, count_json, count_words, pieces

STOP, STOP_STRING, LENGTH, CALLS, REFUSED, MALFORMED = "stop", "stop_string", "length", "calls", "refused", "malformed"
FILLER = [
    "calm",
    "blue",
    "rain",
    "over",
    "wide",
    "open",
    "land",
    "with",
    "soft",
    "wind",
    "deep",
    "lake",
    "cool",
    "mist",
    "warm",
    "dawn",
    "clay",
    "path",
    "tall",
    "pine",
]
SAY_WORDS = re.compile(r"\bsay (\d+) words\b", re.I)
EXACTLY = re.compile(r'\bsay exactly (?=")')  # and the text as a JSON string
WORDS_MAX = 200_000
ECHO_MAX = 60
THINKING_WORDS = 8


@dataclass(frozen=True)
class Choice:
    thinking: list[str]
    words: list[str]
    calls: list[Call]
    finish: str
    stop: str | None = None  # the stop string met

    @property
    def text(self) -> str:
        return "".join(self.words)

    @property
    def thought(self) -> str:
        return "".join(self.thinking)

    @property
    def tokens(self) -> int:
        return count_words(self.thinking) + count_words(self.words) + sum(call_tokens(call) for call in self.calls)


@dataclass(frozen=True)
class Reply:
    seed: str  # every id in the reply comes from it
    model: str
    choices: list[Choice]
    usage: Usage | None  # None: the provider forgets to report it
    billed: Usage
    ask: Ask

    @property
    def first(self) -> Choice:
        return self.choices[0]

    @property
    def is_bare_refusal(self) -> bool:
        return self.first.finish == REFUSED and not self.first.words

    def id(self, prefix: str, nth: int = 0, length: int = 24) -> str:
        return prefix + hashlib.sha256(f"{self.seed}{prefix}{nth}".encode()).hexdigest()[:length]


def call_tokens(call: Call) -> int:
    return 1 + count_json(call.arguments)


def write(ask: Ask, orders: Orders, seed: str) -> Reply:
    choices = [a_choice(ask, orders, nth) for nth in range(ask.choices)]
    billed = measured(ask.input, choices, orders)
    return Reply(seed, orders.served_for(ask.model), choices, None if orders.no_usage else billed, billed, ask)


def a_choice(ask: Ask, orders: Orders, nth: int) -> Choice:
    calls = [] if orders.words is not None and ask.choice == "auto" else choose(ask)
    thinking = filler(THINKING_WORDS if orders.think is None else orders.think) if ask.thinks else []
    words = pieces(a_text(ask, orders, bool(calls), nth))
    if orders.malformed_call:
        return Choice(thinking, [], [], MALFORMED)
    if orders.refuse is not None:
        return Choice(thinking if orders.refuse else [], (words + filler(orders.refuse))[: orders.refuse], [], REFUSED)
    if ask.thinking_limit is not None:
        thinking, _ = fitting(thinking, ask.thinking_limit)
    whole = stopped(Choice(thinking, words, calls, CALLS if calls else STOP), ask)
    if ask.thinking_limit is not None:
        return replace(limited(replace(whole, thinking=[]), ask.limit), thinking=thinking)
    return limited(whole, ask.limit)


def a_text(ask: Ask, orders: Orders, calls: bool, nth: int) -> str:
    say = SAY_WORDS.search(ask.prompt)
    many = orders.words if orders.words is not None else int(say[1]) if say else None
    if ask.schema is not None and not calls:
        return json.dumps(Sampler(ask.schema, ask.prompt, nth, whole=True).sample(), ensure_ascii=False)
    if many is not None:
        return "" if calls else "".join(filler(min(many, WORDS_MAX)))
    answer = "" if calls else answered(ask) + (f" (choice {nth + 1})" if nth else "")
    return json.dumps({"answer": answer}, ensure_ascii=False) if ask.json and not calls else answer


def answered(ask: Ask) -> str:
    if (text := dictated(ask.prompt)) is not None:
        return text
    if ask.results:
        return f"The tools say: {'; '.join(ask.results)}. That should answer your question."
    echo = "".join(pieces(ask.prompt)[:ECHO_MAX])
    return f"You said: {echo} - and the sandbox is glad to hear it." if echo else "Hello from the sandbox."


def dictated(prompt: str) -> str | None:
    """What an agent without tools is told to answer: it changes files by what a reply says."""
    for found in EXACTLY.finditer(prompt):
        try:
            return str(json.JSONDecoder().raw_decode(prompt, found.end())[0])
        except ValueError:
            continue
    return None


def filler(many: int) -> list[str]:
    words = itertools.islice(itertools.cycle(FILLER), many)
    return [word if nth == 0 else f" {word}" for nth, word in enumerate(words)]


def stopped(choice: Choice, ask: Ask) -> Choice:
    """Cut at the first stop string."""
    found = [(choice.text.find(stop), stop) for stop in ask.stops if stop in choice.text]
    if not found:
        return choice
    at, stop = min(found)
    return replace(choice, words=pieces(choice.text[:at]), calls=[], finish=STOP_STRING, stop=stop)


def limited(choice: Choice, limit: int | None) -> Choice:
    """Cut at so many tokens, thinking first. A call that does not fit is not made."""
    if limit is None or choice.tokens <= limit:
        return choice
    thinking, left = fitting(choice.thinking, limit)
    words, _ = fitting(choice.words, left)
    return Choice(thinking, words, [], LENGTH)


def fitting(words: list[str], limit: int) -> tuple[list[str], int]:
    taken: list[str] = []
    for word in words:
        if (tokens := count(word)) > limit:
            break
        taken.append(word)
        limit -= tokens
    return taken, limit


def measured(input: Usage, choices: list[Choice], orders: Orders) -> Usage:
    output = sum(choice.tokens for choice in choices)
    if orders.tokens_out is not None:
        output = orders.tokens_out
    if orders.tokens_in is not None:
        input = Usage(input=orders.tokens_in)
    if orders.cached is not None:
        cached = min(orders.cached, input.input)
        input = replace(input, input=input.input - cached, cached=cached)
    thinking = min(output, sum(count_words(choice.thinking) for choice in choices))
    return replace(input, output=output, thinking=thinking)
