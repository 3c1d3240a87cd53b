"""Server-sent events as WHATWG defines them, from reads that end anywhere."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import sse
from inference.sse import Decoder, Event, EventTooLarge


def events(*reads: bytes) -> list[Event]:
    decoder = Decoder()
    return [event for read in reads for event in decoder.feed(read)] + decoder.end()


def datas(*reads: bytes) -> list[str]:
    return [event.data for event in events(*reads)]


def test_an_event_ends_with_an_empty_line() -> None:
    assert datas(b"data: one\n\ndata: two\n\n") == ["one", "two"]
    assert Decoder().feed(b"data: one\n") == []


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_end_in_three_ways(end: bytes) -> None:
    assert datas(b"data: one" + end + end + b"data: two" + end + end) == ["one", "two"]


def test_several_data_lines_are_one_text() -> None:
    assert datas(b"data: YHOO\ndata: +2\ndata: 10\n\n") == ["YHOO\n+2\n10"]


def test_the_example_with_comments_ids_and_a_bare_field() -> None:
    """The WHATWG page's second example; its last block lacks the empty line, which we forgive."""
    stream = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event"
    assert datas(stream) == ["first event", "second event", " third event"]


def test_a_field_without_a_colon_has_an_empty_value() -> None:
    """The page's third example."""
    assert datas(b"data\n\ndata\ndata\n\n") == ["", "\n"]


def test_one_space_after_the_colon_is_no_part_of_the_value() -> None:
    assert datas(b"data:test\n\ndata: test\n\n") == ["test", "test"]


def test_an_event_has_a_name_until_it_is_sent() -> None:
    assert events(b"event: error\ndata: x\n\ndata: y\n\n") == [Event("x", "error"), Event("y", "message")]


def test_a_name_without_data_is_no_event() -> None:
    assert events(b"event: ping\n\ndata: x\n\n") == [Event("x", "message")]


def test_unknown_fields_comments_and_empty_lines_are_nothing() -> None:
    assert events(b"\n\n: keep-alive\n\nretry: 10\nid: 7\ncolour: red\nDATA: no\n\n") == []


def test_a_byte_order_mark_is_left_out_at_the_start_only() -> None:
    mark = b"\xef\xbb\xbf"
    assert datas(mark + b"data: x\n\n" + mark + b"data: y\n\ndata: z\n\n") == ["x", "z"]
    assert datas(*(bytes([byte]) for byte in mark + b"data: x\n\n")) == ["x"]
    assert datas(mark + b"data: x") == ["x"]


@pytest.mark.parametrize("awkward", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "👩‍💻", "\ufeff"])
def test_characters_that_only_look_like_line_ends_are_text(awkward: str) -> None:
    assert datas(f'data: {{"a":"x{awkward}y"}}\n\n'.encode()) == [f'{{"a":"x{awkward}y"}}']


def test_a_cr_lf_cut_in_two_is_one_line_end() -> None:
    assert datas(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n") == ["a\nb"]


def test_a_lone_cr_at_the_end_of_a_read_waits_for_what_follows() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\r\r") == []
    assert decoder.feed(b"data: b\r\r") == [Event("a")]
    assert decoder.end() == [Event("b")]


def test_bytes_that_are_no_utf8_become_replacement_marks() -> None:
    assert datas(b"data: a\xffb\n\n") == ["a\ufffdb"]


def test_what_is_left_at_the_end_counts_once() -> None:
    decoder = Decoder()
    decoder.feed(b"data: a\ndata: b")
    assert decoder.end() == [Event("a\nb")]
    assert decoder.end() == []
    assert events(b"", b"\n", b"\r") == []


STREAM = (
    '\ufeff: hello\r\nevent: a\r\ndata: {"x":"ü\u2028"}\r\n\r\ndata: 1\ndata: 2\n\n\r'
    "data: 👩‍💻\r\revent: b\ndata\n\ndata: end"
).encode()


def test_any_two_cuts_give_the_same_events() -> None:
    whole = events(STREAM)
    for first in range(len(STREAM) + 1):
        for second in range(first, len(STREAM) + 1, 5):
            assert events(STREAM[:first], STREAM[first:second], STREAM[second:]) == whole


lines = st.sampled_from(
    [b"data: x", b"data:", b"data", b"event: e", b": c", b"", b"", b"id: 1", "data: é\u2028".encode()]
)
ends = st.sampled_from([b"\n", b"\r\n", b"\r"])


@given(st.lists(st.tuples(lines, ends), max_size=12), st.lists(st.integers(0, 120), max_size=6))
def test_any_stream_cut_anywhere_gives_the_same_events(written: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    stream = b"".join(line + end for line, end in written)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert events(*(stream[begin:end] for begin, end in pairwise(places))) == events(stream)


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_no_bytes_make_it_fail(reads: list[bytes]) -> None:
    assert all(isinstance(event.data, str) for event in events(*reads))


def test_a_large_event_is_read_in_one_pass() -> None:
    """10 MB in reads of 64 KB; a decoder that searches from the start each time would need minutes."""
    size = 10 * 1024 * 1024
    reads = [b"data: ", *([b"x" * 65536] * (size // 65536)), b"\n\n"]
    assert [len(data) for data in datas(*reads)] == [size]


def test_a_line_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 1000)
    with pytest.raises(EventTooLarge):
        events(*([b"x" * 100] * 11))


def test_an_event_of_endless_lines_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 1000)
    with pytest.raises(EventTooLarge):
        events(*([b"data: xxxx\n"] * 100))


def test_a_long_stream_of_small_events_is_not_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 1000)
    assert len(events(*([b"data: xxxx\n\n"] * 1000))) == 1000
    assert events(*([b": keep-alive\n\n"] * 1000)) == []


def test_what_we_write_we_can_read() -> None:
    assert datas(sse.encode('{"a":"\\u2028"}') + sse.KEEP_ALIVE + sse.DONE) == ['{"a":"\\u2028"}', "[DONE]"]
    with pytest.raises(UnicodeEncodeError):
        sse.encode('{"a":"é"}')
