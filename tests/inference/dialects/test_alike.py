"""Events that are like the one before but for their text are read without a parser, in every dialect, and come to the
very same.
"""

import json
import re
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.chat.provider_error import ProviderError
from inference.chat.reply import Delta
from inference.dialects.alike import MISSES, Alike
from inference.sse import Event
from tests.inference import event_streams
from tests.inference.event_streams import Said
from tests.properties import examples

PARSERS = {
    "openai_chat": ("inference.dialects.openai_chat.stream", "event_object"),
    "openai_responses": ("inference.dialects.openai_responses.reply", "event_object"),
    "anthropic": ("inference.dialects.anthropic.stream", "event_object"),
    "gemini": ("inference.dialects.gemini.reply", "event_value"),
}
WORDS = 200
OUR_IDS = re.compile("call_[A-Za-z0-9]{24}")  # where a provider gives the same twice, or none


def whole(delta: Delta) -> tuple[Any, ...]:
    """With what does not count where two are compared."""
    return delta.fields, delta.finish_reason, delta.index, delta.logprobs, delta.begins, delta.item


def fed(translator: Any, said: Said) -> Any:
    try:
        told = [whole(delta) for delta in translator.feed(Event(said.data, said.name or "message"))]
    except ProviderError as fault:
        return fault.meaning, fault.said
    return OUR_IDS.sub("call_", json.dumps(told))


@pytest.mark.parametrize("fenced", [False, True])
@pytest.mark.parametrize("dialect", event_streams.MODELS)
@given(data=st.data())
@settings(max_examples=examples(300))
def test_the_short_way_comes_to_what_the_long_way_does(dialect: str, fenced: bool, data: st.DataObject) -> None:
    """After every event, in what is told and in what is known: a stream may end anywhere."""
    reader, rendered = event_streams.asked(dialect, as_json=fenced)
    short, long = reader.stream(rendered), reader.stream(rendered)
    long.alike.misses = MISSES  # it never learns
    for said in data.draw(event_streams.events(dialect)):
        assert fed(short, said) == fed(long, said)
        assert short.facts == long.facts


def plain(dialect: str, nth: int) -> dict[str, Any]:
    text = f'word{nth} ü漢\n"quoted" </b>'
    return {
        "openai_chat": {"id": "1", "choices": [{"index": 0, "delta": {"content": text}}]},
        "openai_responses": {
            "type": "response.output_text.delta", "delta": text, "item_id": "m", "output_index": 0, "content_index": 0,
            "logprobs": [], "sequence_number": nth, "obfuscation": "x" * (nth % 16),
        },
        "anthropic": {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        "gemini": {
            "candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}],
            "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": nth, "totalTokenCount": nth + 5},
        },
    }[dialect]  # fmt: skip


@pytest.mark.parametrize("dialect", event_streams.MODELS)
def test_of_many_plain_events_hardly_one_is_parsed(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbered, padded and with escapes as providers send them; the first without, for from that is learned."""
    parsed, (name, function) = 0, PARSERS[dialect]
    module = import_module(name)
    parse = getattr(module, function)

    def counted(data: str) -> Any:
        nonlocal parsed
        parsed += 1
        return parse(data)

    monkeypatch.setattr(module, function, counted)
    reader, rendered = event_streams.asked(dialect)
    translator = reader.stream(rendered)
    first = json.loads(json.dumps(plain(dialect, 1)).replace('word1 \\u00fc\\u6f22\\n\\"quoted\\" </b>', "word"))
    values = [*event_streams.BEGUN[dialect], first, *(plain(dialect, nth) for nth in range(2, WORDS))]
    told = [
        delta
        for nth, value in enumerate(values)
        for delta in translator.feed(Event(Said(value, padding=(nth % 4, nth % 3)).data))
    ]
    assert len(told) == WORDS - 1
    assert parsed <= 1 + len(event_streams.BEGUN[dialect])


@pytest.mark.parametrize("dialect", event_streams.MODELS)
def test_events_that_are_never_alike_are_soon_not_compared(dialect: str) -> None:
    reader, rendered = event_streams.asked(dialect)
    translator: Any = reader.stream(rendered)
    for value in event_streams.BEGUN[dialect]:
        translator.feed(Event(json.dumps(value)))
    for nth in range(50):
        translator.feed(Event(json.dumps({"note": "x" * nth, **plain(dialect, 1)}, ensure_ascii=False).replace("\\", "")
                              .replace('"quoted"', "")))  # fmt: skip
    assert translator.alike.misses == MISSES


@pytest.mark.parametrize("number", ["01", "1.5", "1e3", "-1", "null", '"1"', "1" * 16, ""])
def test_a_count_that_is_no_plain_number_goes_the_long_way(number: str) -> None:
    alike = Alike()
    alike.learn(
        '{"text":"a","count":1,"end":0}', "text", "a", lambda _, text, values: [Delta({"content": text})], ["count"]
    )
    assert alike.deltas(None, f'{{"text":"b","count":{number},"end":0}}') is None
    assert alike.deltas(None, '{"text":"b","count":2,"end":0}') is None  # and what was learned is forgotten


@pytest.mark.parametrize(
    "learned", ['{"text":"a","of":{"text":"b"}}', '{"te\\u0078t":"b","text":"a"}', '{"text":1}', '{"other":"a"}']
)
def test_nothing_is_learned_where_the_text_could_stand_elsewhere(learned: str) -> None:
    alike = Alike()
    alike.learn(learned, "text", "a", lambda _, text, values: [])
    assert alike.go_on is None
