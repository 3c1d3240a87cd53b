"""A file costs at most what its bound says, whatever it says of itself."""

import base64
import json
import random
import time
import zlib

import pytest

from inference.billing import documents, token_counting
from inference.chat.invalid_request import InvalidRequest
from tests.attacks.measuring import bound, listing, measure, pdf, said, with_file
from tests.attacks.measuring import stream as pdf_stream
from tests.attacks.places import CALL, LETTERS, MARK, MARK_TOKENS, RESULT, asked, model_said, user
from tests.inference.media_samples import AUDIO_PART

WORDS = " ".join("".join(random.Random(n).choices(LETTERS, k=6)) for n in range(850)).encode()  # a dense page


@pytest.mark.parametrize("model", ["gpt-5.2", "gpt-5.2-codex", "claude-haiku-4.5", "gemini-3-flash"])
@pytest.mark.parametrize("declared", ["text/plain", " text/plain", "TEXT/CSV", "application/json", ""])
def test_a_file_of_text_is_counted_as_its_text(model: str, declared: str) -> None:
    try:
        assert bound(model, with_file(declared, MARK.encode() * 4)) >= 4 * MARK_TOKENS
    except InvalidRequest:
        assert declared.strip() not in ("text/plain", "TEXT/CSV")


def test_an_image_in_a_tools_schema_is_text() -> None:
    drawn = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": MARK * 3}}
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "default": drawn}}}
    call = {**CALL, "function": {"name": "f", "arguments": json.dumps(drawn)}}
    assert bound("claude-haiku-4.5", asked(tools=[tool])) >= 3 * MARK_TOKENS
    assert bound("claude-haiku-4.5", asked(user(), model_said(tool_calls=[call]), RESULT)) >= 3 * MARK_TOKENS


def test_a_file_of_a_kind_we_do_not_know_may_fill_the_window() -> None:
    assert bound("gpt-5.2", with_file("application/vnd.ms-excel", b"PK\3\4\0\xff" * 50)) == 272_000


def test_a_second_of_sound_may_have_few_bytes() -> None:
    wav = base64.b64decode(AUDIO_PART["input_audio"]["data"]) + b"\0" * 40_000
    rates = (8).to_bytes(4, "little") * 2 + (1).to_bytes(2, "little")
    slow = base64.b64encode(wav[:24] + rates + wav[34:]).decode()
    sound = {"type": "input_audio", "input_audio": {"data": slow, "format": "wav"}}
    assert bound("gemini-3-flash", asked(user(sound))) >= 40_000 // 8 * 32


# --- PDFs


@pytest.mark.parametrize("model", ["gpt-5.2", "claude-opus-4.6", "gemini-3-flash"])
def test_sixty_dense_pages_in_nine_kilobytes_are_sixty_pages(model: str) -> None:
    document, traits = pdf(60, WORDS), listing(model).traits
    assert len(document) < 13_000
    assert bound(model, with_file("application/pdf", document)) >= min(
        60 * traits.page_tokens, measure(model, said("")).most
    )


def test_one_page_that_shows_a_book_is_bounded_by_the_book() -> None:
    assert bound("gemini-3-flash", with_file("application/pdf", pdf(1, WORDS * 60))) >= 60 * token_counting.count(
        WORDS.decode()
    )


@pytest.mark.parametrize("show", [b"/F Do " * 90, b"/F\0Do " * 90, b"/#46 Do " * 90, b"/F%x\nDo " * 90])
def test_a_text_that_is_shown_again_and_again_is_counted_as_often(show: bytes) -> None:
    form = pdf_stream(b"BT (" + WORDS + b") Tj ET", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
    document = pdf(1, b"", show=show, more=b"/XObject<</F 6 0 R>>", objects={6: form})
    assert bound("gemini-3-flash", with_file("application/pdf", document)) >= 90 * token_counting.count(WORDS.decode())


def test_a_letter_that_stands_for_a_sentence_is_counted_as_one() -> None:
    meant = "".join(f"{ord(letter):04x}" for letter in "a sentence of the caller's ").encode()
    codes = pdf_stream(b"1 beginbfchar <61> <" + meant + b"> endbfchar")
    font = b"<</Type/Font/Subtype/Type1/BaseFont/X/ToUnicode 6 0 R>>"
    document = pdf(1, b"a" * 8_000, objects={5: font, 6: codes})
    assert bound("gemini-3-flash", with_file("application/pdf", document)) >= 8_000 * 5


@pytest.mark.parametrize(
    "document", [b"%PDF-1.4 and nothing else", pdf(1, b"x").replace(b"/Root", b"/Encrypt<<>>/Root")]
)
def test_a_pdf_that_cannot_be_read_may_fill_the_window(document: bytes) -> None:
    assert bound("claude-haiku-4.5", with_file("application/pdf", document)) == 200_000


def test_a_pdf_that_unpacks_without_end_is_given_up_soon() -> None:
    bomb = pdf(1, b"x", objects={4: pdf_stream(zlib.compress(b"(" * 60_000_000, 9), b"/Filter/FlateDecode")})
    began = time.monotonic()
    assert bound("claude-haiku-4.5", with_file("application/pdf", bomb)) == 200_000
    assert time.monotonic() - began < documents.SECONDS + 5
