"""What a chunk costs between the bytes that a provider sends and those that a caller gets, in process: every dialect in
every format, without network, server and books.

    python -m bench.chunks            CPU µs a chunk, and each to OpenAI's chat in chat

The least of many short rounds taken in turns: what else the machine does meets all of them, and the least meets it not.
"""

import argparse
import json
import os
import time
import tomllib
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conway.settings")
django.setup()

from bench import replies
from inference.api import chat, messages, responses
from inference.catalog.loading import FILE, plain
from inference.chat.format import Format, Shown
from inference.chat.provider_request import Target
from inference.chat.reply import Delta, Gathered
from inference.chat.traits import Traits
from inference.chat.usage import Usage
from inference.dialects import DIALECTS
from inference.sse import Decoder

WORDS = 100
FORMATS: dict[str, Format] = {"chat": chat, "responses": responses, "messages": messages}
MODELS = {"openai_chat": "gpt-5-mini", "openai_responses": "gpt-5.2-codex", "anthropic": "claude-haiku-4.5",
          "gemini": "gemini-2.5-flash"}  # fmt: skip
SAID = {"openai_chat": replies.of_chat, "openai_responses": replies.of_responses, "anthropic": replies.of_messages,
        "gemini": replies.of_gemini}  # fmt: skip
ASKED: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "hi"}]},
    "messages": {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 100},
    "responses": {"input": "hi"},
}
Case = tuple[str, str, bool]  # dialect, format, whether all comes in one read


def traits(model: str) -> Traits:
    data = tomllib.loads(FILE.read_text())
    row = data["models"][model]
    return Traits.of(plain({**data["families"].get(row.get("family"), {}).get("traits", {}), **row.get("traits", {})}))


def reads(dialect: str, words: int, *, at_once: bool) -> list[bytes]:
    reply = SAID[dialect]()
    sent = [reply.first, *map(reply.said_now, range(words)), reply.last]
    return [b"".join(map(replies.unchunked, sent))] if at_once else list(map(replies.unchunked, sent))


def passing(dialect: str, format: str, at_once: bool, words: int = WORDS) -> Callable[[], int]:
    """One stream from its first byte to its last: how many bytes the caller gets."""
    reader, writes, model = DIALECTS[dialect], FORMATS[format], MODELS[dialect]
    request = writes.read(json.dumps({**ASKED[format], "model": model, "stream": True}).encode())
    rendered = reader.render(request, Target(model, traits(model), str))
    came = reads(dialect, words, at_once=at_once)

    def passed() -> int:
        decoder, translator, gathered = Decoder(), reader.stream(rendered), Gathered()
        writer, finishes, size = writes.writer("x_1", request, model), list[Delta](), 0
        for read in came:
            pending: list[Delta] = []
            for event in decoder.feed(read):
                for delta in translator.end() if event.data == "[DONE]" else translator.feed(event):
                    gathered.add(delta)
                    (pending if delta.finish_reason is None else finishes).append(delta)
            if pending:
                writer.begin(translator.facts)
                size += len(writer.events(pending))
        finishes += translator.end()
        return size + len(writer.end(finishes, Shown(translator.facts.usage or Usage())))

    return passed


def least(cases: Sequence[Case], rounds: int) -> dict[Case, float]:
    """CPU µs a chunk."""
    passes = {case: passing(*case) for case in cases}
    found = dict.fromkeys(cases, float("inf"))
    for _ in range(rounds):
        for case, passed in passes.items():
            begun = time.process_time_ns()
            for _ in range(4):
                passed()
            found[case] = min(found[case], (time.process_time_ns() - begun) / 4_000 / WORDS)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.chunks", description="CPU µs a chunk, in process.")
    parser.add_argument("--rounds", type=int, default=60)
    found = least(list(product(SAID, FORMATS, (True, False))), parser.parse_args().rounds)
    for at_once in (True, False):
        print(f"\n{'all in one read' if at_once else 'one in a read':24}" + "".join(f"{name:>18}" for name in FORMATS))
        base = found["openai_chat", "chat", at_once]
        for dialect in SAID:
            row = [found[dialect, format, at_once] for format in FORMATS]
            print(f"{dialect:24}" + "".join(f"{cost:9.2f} ({cost / base:5.2f})" for cost in row))


if __name__ == "__main__":
    main()
