"""One line for each answer: what it has, what it never has."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from conway.common.logs import Json, loggable_id
from inference.models import Completion
from tests.inference.conftest import Ask

PROMPT = "the secret of Alice's prompt"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """What the access log has said so far, as JSON."""
    caplog.set_level(logging.INFO, logger="conway.access")
    form = Json()
    return lambda: [json.loads(form.format(record)) for record in caplog.records if record.name == "conway.access"]


@pytest.mark.parametrize("stream", [True, False])
def test_the_request_id_leads_from_the_answer_to_the_line_to_the_completion(ask: Ask, lines: Any, stream: bool) -> None:
    said = ask(text="say 30 words", stream=stream, headers={"x-request-id": "theirs-7"})
    (line,) = lines()
    row = Completion.objects.get()
    assert line["request_id"] == said.headers["x-request-id"] == row.request_id
    assert (line["client_request_id"], line["completion"]) == ("theirs-7", row.id)
    assert (line["account"], line["key"]) == (row.user_id, row.key_id)
    assert (line["model"], line["provider"], line["status"], line["stream"]) == ("gpt-5-mini", "openai", 200, stream)
    assert (line["charged_cents"], line["upstream_id"]) == (row.charged_cents, row.upstream_id)
    assert (line["input_tokens"], line["output_tokens"]) == (row.prompt_tokens, row.output_tokens)
    assert 0 <= line["first_byte_ms"] <= line["total_ms"]


def test_no_line_has_a_prompt_a_reply_or_a_key(ask: Ask, lines: Any, key: str) -> None:
    replies = [ask(text=PROMPT, stream=True).text, ask(text=PROMPT).json()["choices"][0]["message"]["content"]]
    ask(raw=PROMPT.encode())
    ask(headers={"authorization": f"Bearer {key}x"})
    told = json.dumps(lines())
    assert len(lines()) == 4
    assert not [secret for secret in (PROMPT, key, *replies) if secret in told]


def test_a_refusal_has_a_line_with_its_code(ask: Ask, lines: Any) -> None:
    said = ask("no-such-model")
    (line,) = lines()
    assert (line["status"], line["ending"], line["request_id"]) == (
        404,
        "model_not_found",
        said.headers["x-request-id"],
    )


def test_a_failure_of_the_provider_has_a_line_with_what_it_was(ask: Ask, lines: Any) -> None:
    ask(text="hello [[status=500]]")
    (line,) = lines()
    assert (line["status"], line["ending"], line["charged_cents"]) == (502, "upstream_error", 0)


def test_a_page_has_a_line_with_its_route_and_not_its_path(alice: User, client: Client, lines: Any) -> None:
    client.force_login(alice, backend="accounts.backends.PasswordBackend")
    response = client.get("/credits/history?secret=of-the-query")
    client.get("/no/such/page/with-a-secret")
    found, missing = lines()
    assert (found["route"], found["status"], found["account"]) == ("credits/history", 200, alice.pk)
    assert found["request_id"] == response.headers["x-request-id"]
    assert (missing["route"], missing["status"]) == (None, 404)
    assert "secret" not in json.dumps([found, missing])


@pytest.mark.parametrize(("said", "kept"), [("a" * 500, "a" * 100), ("x\r\ny\x00z ü", "xyz"), ("", "")])
def test_a_callers_own_id_is_short_and_printable(said: str, kept: str) -> None:
    assert loggable_id(said) == kept


def test_json_lines_are_one_line_each_even_with_a_traceback() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "it %s", ("failed",), sys.exc_info())
    line = Json().format(record)
    assert "\n" not in line
    said = json.loads(line)
    assert (said["level"], said["logger"], said["message"]) == ("ERROR", "x", "it failed")
    assert said["exception"].startswith("Traceback")
    assert said["time"].endswith("+00:00")


@pytest.fixture
def console() -> Iterator[io.StringIO]:
    """What is written where the server's log goes."""
    (handler,) = (handler for handler in logging.getLogger().handlers if handler.get_name() == "console")
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


@pytest.mark.parametrize(("path", "host", "status"), [("/admin/login/", "testserver", 403), ("/", "evil.test", 400)])
def test_a_refusal_is_lines_and_no_traceback(
    alice: User, client: Client, console: io.StringIO, path: str, host: str, status: int
) -> None:
    client.force_login(alice)
    assert client.get(path, headers={"host": host}).status_code == status
    assert "Traceback" not in console.getvalue() and "django." in console.getvalue()


def test_a_fault_of_ours_keeps_its_traceback(console: io.StringIO) -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        logging.getLogger("django.request").exception("Internal Server Error: /")
    assert "ZeroDivisionError" in console.getvalue()
