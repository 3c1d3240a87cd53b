"""Half an emoji and NUL inside the JSON of a call: what goes out is what everybody can send back."""

import json
from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from inference.api.messages.write import writer
from inference.chat.budget import Budget
from inference.chat.replaced_text import Escapes, storable_json
from inference.chat.reply import Delta, Facts
from inference.chat.request import ChatRequest

LETTERS = st.text(st.sampled_from('a\\"\0/u\n\ud83d\ude00\ud83e😀{0'), max_size=8)
VALUES = st.recursive(LETTERS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LETTERS, inner, max_size=3))


def pieces(text: str, ends: list[int]) -> list[str]:
    cuts = [0, *sorted(min(end, len(text)) for end in ends), len(text)]
    return [text[begin:end] for begin, end in pairwise(cuts)]


@given(VALUES, st.lists(st.integers(0, 99), max_size=5))
@example("\ud83d\ud83d\ude00", [3, 9])
def test_json_in_any_pieces_comes_out_as_what_can_be_stored(value: Any, ends: list[int]) -> None:
    escapes, text = Escapes(), json.dumps(value)
    told = [escapes.feed(piece) for piece in pieces(text, ends)]
    said = "".join(told) + escapes.end()
    assert len(said) == len(text)
    if not isinstance(value, dict) and "{" not in text:  # two names may become one
        assert json.loads(said) == storable_json(json.loads(text))
    assert json.dumps(json.loads(said), ensure_ascii=False).encode() and "\0" not in str(json.loads(said)) + said


@given(st.text(st.sampled_from("\\u0dD8a"), max_size=30), st.integers(1, 5))
def test_what_is_no_json_comes_out_whole(text: str, size: int) -> None:
    escapes = Escapes()
    told = [escapes.feed(text[at : at + size]) for at in range(0, len(text), size)]
    assert len("".join(told) + escapes.end()) == len(text)
    assert len(escapes.held) < 12


def test_arguments_of_the_history_keep_their_form() -> None:
    assert Budget().nested('{"a": "\\u0000\\ud83d", "\\ud83d": 1}') == {"a": "\ufffd\ufffd", "\ufffd": 1}


def test_a_tools_input_can_be_sent_back_by_who_read_it_as_json() -> None:
    asked = ChatRequest.read(b'{"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": true}')
    said = writer("msg_1", asked, "m")
    said.begin(Facts())
    begun = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}
    fragments = ['{"a": "\\ud8', "3d", " \\u00", "00 \\ud83d", '\\ude00"}']
    deltas = [Delta({"tool_calls": [begun]})]
    deltas += [Delta({"tool_calls": [{"index": 0, "function": {"arguments": text}}]}) for text in fragments]
    lines = said.events([*deltas, Delta(finish_reason="tool_calls")]).decode().splitlines()
    told = [json.loads(line[6:]) for line in lines if line.startswith("data: ")]
    text = "".join(event["delta"]["partial_json"] for event in told if event["type"] == "content_block_delta")
    assert json.loads(text) == {"a": "\ufffd \ufffd 😀"}
