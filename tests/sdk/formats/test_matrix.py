"""Format × model: text, streams, tools, a loop that echoes what a client echoes, schemas, images, documents, faults.

The official SDKs' own parsers say what was understood; the gateway's books are audited when its fixture ends.
"""

import json
import time
from typing import Any

import anthropic
import openai
import pytest

from inference.api.formats import COMPLETIONS
from inference.catalog import loading
from inference.upstream.providers import PROVIDERS
from tests.sdk.formats.conftest import CASES
from tests.sdk.formats.speakers import SPEAKERS, Chat, Heard, Messages, Responses
from tests.sdk.gateway import Gateway, Sandbox
from tests.sdk.test_shapes import PDF

MODELS = (
    *("gpt-5.2", "gpt-5.2-codex", "claude-sonnet-4.5", "gemini-3-flash", "kimi-k2.5"),
    "qwen3-coder",
)
ADAPTIVE = "claude-opus-4.6"  # thinks as much as it likes, and so echoes otherwise
SHOW_THOUGHTS = ("gpt-5.2-codex", *MODELS[2:-1], ADAPTIVE)
BLIND, NO_READERS = MODELS[-1:], MODELS[-2:]
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
ENDS = {"messages": {"stop": "end_turn", "length": "max_tokens", "calls": "tool_use"}}
ENDS["chat"] = {"stop": "stop", "length": "length", "calls": "tool_calls"}
ENDS["responses"] = {"stop": "completed", "length": "max_output_tokens", "calls": "completed"}
TWO = "What is the weather in two cities, Paris and Rome?"

Speaks = Chat | Messages | Responses


@pytest.fixture(params=SPEAKERS, ids=lambda speaker: speaker.name)
def speaker(request: pytest.FixtureRequest, gateway: Gateway) -> Speaks:
    return request.param(gateway)


def check_receipt(gateway: Gateway, heard: Heard) -> None:
    """What the caller was told is what the books say."""
    booked = gateway.completion(heard.id)
    prompt = sum(booked[f"{bucket}_tokens"] for bucket in ("input", "cached", "write_5m", "write_1h", "audio_in"))
    assert (prompt, booked["output_tokens"], booked["charged_cents"]) == (*heard.usage, heard.charged_cents)
    assert booked["settlement"] == "exact" and heard.charged_cents >= 1


@pytest.mark.parametrize("model", MODELS)
def test_text_is_the_same_whole_and_streamed(gateway: Gateway, speaker: Speaks, model: str) -> None:
    whole, streamed = (speaker.ask(model, speaker.hello(text="say 5 words"), stream=stream) for stream in (False, True))
    assert whole.text == streamed.text == "calm blue rain over wide"
    assert whole.finish == streamed.finish == ENDS[speaker.name]["stop"]
    for heard in (whole, streamed):
        check_receipt(gateway, heard)


@pytest.mark.parametrize("model", MODELS)
def test_what_is_whole_is_what_the_events_add_up_to(speaker: Speaks, model: str) -> None:
    asked = speaker.hello(text="use get_weather for Paris")
    whole, streamed = (speaker.ask(model, asked, stream=stream, tools=True, think=True) for stream in (False, True))
    assert whole.thought == streamed.thought and bool(whole.thought) == (model in SHOW_THOUGHTS)
    assert [call[1:] for call in whole.calls] == [call[1:] for call in streamed.calls]
    assert [kind(item) for item in whole.echo] == [kind(item) for item in streamed.echo]


def kind(item: dict[str, Any]) -> Any:
    """Of a turn, what it holds; of an item, its type."""
    content = item.get("content")
    return (
        [block["type"] for block in content]
        if isinstance(content, list)
        else item.get("type") or sorted(filter(item.get, item))
    )


@pytest.mark.parametrize("model", MODELS)
def test_parallel_calls_come_apart(speaker: Speaks, model: str) -> None:
    heard = speaker.ask(model, speaker.hello(text=TWO), stream=True, tools=True)
    assert [name for _, name, _ in heard.calls] == ["get_weather"] * 2
    assert len({id for id, _, _ in heard.calls}) == 2
    assert all(arguments["city"] for _, _, arguments in heard.calls)
    assert heard.finish == ENDS[speaker.name]["calls"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", [*MODELS, ADAPTIVE])
def test_a_loop_of_three_turns_goes_on_with_all_that_was_echoed(
    gateway: Gateway, sandbox: Sandbox, speaker: Speaks, model: str, stream: bool
) -> None:
    """The sandbox refuses thoughts it did not sign, where their provider does."""
    said = speaker.hello(text=TWO)
    for number in range(3):
        heard = speaker.ask(model, said, stream=stream, tools=True, think=True)
        assert len(heard.calls) == (2 if number == 0 else 0)
        if model in SHOW_THOUGHTS:
            assert heard.thought
        check_receipt(gateway, heard)
        said = said + heard.echo + (speaker.results(heard, "21") if heard.calls else speaker.hello(text="and then?"))


@pytest.mark.parametrize("model", MODELS)
def test_replies_keep_to_a_schema(speaker: Speaks, model: str) -> None:
    heard = speaker.ask(model, speaker.hello(text="a city"), stream=False, schema=True)
    assert json.loads(heard.text) if model == "qwen3-coder" else set(json.loads(heard.text)) == {"city"}


@pytest.mark.parametrize("model", MODELS)
def test_an_image_is_seen_or_refused(speaker: Speaks, model: str) -> None:
    check_shown(speaker, model, speaker.image(PNG), is_taken=model not in BLIND)


@pytest.mark.parametrize("model", MODELS)
def test_a_pdf_is_read_or_refused(speaker: Speaks, model: str) -> None:
    check_shown(speaker, model, speaker.pdf(PDF.partition(",")[2]), is_taken=model not in NO_READERS)


def check_shown(speaker: Speaks, model: str, part: dict[str, Any], *, is_taken: bool) -> None:
    heard = None
    with speaker.refused() as told:
        heard = speaker.ask(model, speaker.hello(part, text="what is it?"), stream=False)
    assert bool(heard and heard.text) == is_taken
    assert is_taken or (told["status"], told["code"]) == (400, "unsupported_value")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_a_fault_before_the_first_word_is_a_status_and_free(
    gateway: Gateway, speaker: Speaks, model: str, stream: bool
) -> None:
    before = gateway.charges
    with speaker.refused() as told:
        speaker.ask(model, speaker.hello(text="hello [[status=401]]"), stream=stream)
    assert (told["status"], told["code"]) == (503, "provider_auth_failed")
    assert told["type"] == ("api_error" if speaker.name == "messages" else "server_error")
    assert gateway.charges == before


@pytest.mark.parametrize("order", ["cut=5", "error=5"])
@pytest.mark.parametrize("model", MODELS)
def test_a_stream_that_breaks_off_has_no_end_and_costs_what_was_said(
    gateway: Gateway, speaker: Speaks, model: str, order: str
) -> None:
    before = gateway.charges
    try:
        heard = speaker.ask(model, speaker.hello(text=f"say 30 words [[{order}]]"), stream=True)
    except (anthropic.APIError, openai.APIError, RuntimeError):
        pass
    else:
        raise AssertionError(heard)
    assert gateway.charges == before + 1
    assert gateway.last["settlement"] == "estimated"


@pytest.mark.parametrize("words", [0, 1, 10])
@pytest.mark.parametrize("model", MODELS)
def test_who_hangs_up_pays_once(gateway: Gateway, speaker: Speaks, model: str, words: int) -> None:
    id = speaker.leave(model, "say 30 words [[pace=5]]", words)
    deadline = time.monotonic() + 20
    while not gateway.rows("SELECT 1 FROM inference_completion WHERE id = %s", id):
        assert time.monotonic() < deadline, "it was not settled"
        time.sleep(0.02)
    booked = gateway.completion(id)
    entries = "SELECT count(*) FROM credits_credittransaction WHERE reference LIKE %s"
    assert gateway.one(entries, f"inference%{id}%") == 1
    assert (booked["settlement"], booked["charged_cents"]) == ("exact", 1)


@pytest.mark.parametrize("name", ["chat", "messages", "responses"])
def test_the_same_key_twice_is_one_completion(gateway: Gateway, name: str) -> None:
    speaker: Any = next(speaker for speaker in SPEAKERS if speaker.name == name)(gateway)
    asking = speaker.client.with_options(default_headers={"Idempotency-Key": f"twice-{name}-{time.time()}"})
    before, speaker.client = gateway.charges, asking
    speaker.ask("gpt-5-mini", speaker.hello(text="hello"), stream=False)
    with speaker.refused() as told:
        speaker.ask("gpt-5-mini", speaker.hello(text="hello"), stream=False)
    assert (told["status"], told["code"], gateway.charges) == (409, "idempotency_key_used", before + 1)


def test_no_cell_of_the_table_is_missing() -> None:
    """Every case is run for every model in every format."""
    for name in CASES:
        (given,) = [mark.args[1] for mark in globals()[name].pytestmark if mark.args and mark.args[0] == "model"]
        assert set(MODELS) <= set(given), name
        assert "speaker" in globals()[name].__code__.co_varnames
    assert {speaker.name for speaker in SPEAKERS} == {format.NAME for format in COMPLETIONS.values()}
    assert {loading.rows()[model]["provider"] for model in MODELS} == set(PROVIDERS)
