"""Citations of web pages. Google counts bytes, OpenAI characters."""

from typing import Any

import pytest

from tests.inference.dialects.gemini.asking import Json, answer, gathered, message, reply, streamed, text

WORDS = "Café Müller öffnet. Später mehr."
CHUNKS = [
    {"web": {"uri": "https://a.example", "title": "A"}},
    {"maps": {"uri": "x"}},
    {"web": {"uri": "https://b.example"}},
]


def grounded(*supports: Any, chunks: Any = CHUNKS) -> Json:
    told = answer(text(WORDS), finish="STOP")
    told["candidates"][0]["groundingMetadata"] = {"groundingChunks": chunks, "groundingSupports": list(supports)}
    return told


def support(start: int, end: int, *indices: Any) -> Json:
    return {"segment": {"startIndex": start, "endIndex": end}, "groundingChunkIndices": list(indices)}


def cited(told: Json) -> list[tuple[str, str]]:
    notes = [note["url_citation"] for note in reply(told).choices[0].message.get("annotations", ())]
    return [(note["url"], WORDS[note["start_index"] : note["end_index"]]) for note in notes]


def test_bytes_become_characters() -> None:
    first = len("Café Müller öffnet.".encode())
    told = grounded(
        {**support(0, first, 0), "segment": {"endIndex": first}}, support(first + 1, len(WORDS.encode()), 0, 2)
    )
    assert cited(told) == [
        ("https://a.example", "Café Müller öffnet."),
        ("https://a.example", "Später mehr."),
        ("https://b.example", "Später mehr."),
    ]


def test_a_stream_cites_at_its_end() -> None:
    told = grounded(support(0, 5, 2))
    found, _ = streamed(answer(text("")), told)
    assert found[-2].fields["annotations"] == gathered(found).message["annotations"]
    assert found[-2].fields["annotations"][0]["url_citation"]["title"] == ""


@pytest.mark.parametrize("index", [1, 9, -1, "0", None])
def test_what_is_no_page_is_not_cited(index: Any) -> None:
    assert cited(grounded(support(0, 5, index))) == []


@pytest.mark.parametrize(
    "told", [grounded(7, "x", {}), grounded(support(0, 5, 0), chunks=None), grounded(support(0, 5, 0), chunks=[7])]
)
def test_nonsense_is_not_cited(told: Json) -> None:
    assert cited(told) == []


def test_a_reply_from_memory_cites_nothing() -> None:
    assert "annotations" not in message(text("Hi"))
