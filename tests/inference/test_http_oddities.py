"""What HTTP a provider may answer with instead of a reply: told in each format, streamed or not, and free."""

import json
from collections.abc import Callable, Coroutine, Iterator
from types import ModuleType
from typing import Any

import pytest

from credits.models import CreditTransaction, Hold
from inference.api import chat, messages, responses
from inference.completion import handler
from inference.models import Completion
from inference.upstream import client as upstream
from inference.upstream.keys import keys_of
from tests.inference.upstream.loopback import says, serving

ASKED_TWICE = {"x-stainless-retry-count": "2"}  # the client has asked so often: we do not ask again
HELLO = [{"role": "user", "content": "hello"}]
ASKS: list[tuple[ModuleType, dict[str, Any]]] = [
    (chat, {"messages": HELLO}), (responses, {"input": "hello"}), (messages, {"messages": HELLO, "max_tokens": 99}),
]  # fmt: skip
MODELS = ("gpt-5-mini", "claude-haiku-4.5", "gemini-2.5-flash")


def page(status: str, *lines: str, body: str = "<html><h1>nginx</h1></html>") -> bytes:
    head = [f"HTTP/1.1 {status}", "content-type: text/html", f"content-length: {len(body)}", *lines]
    return "\r\n".join([*head, "", body]).encode()


ODD: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b"", 503, "upstream_unreachable"),
    "half a head": (b"HTTP/1.1 200 OK\r\ncontent-", 503, "upstream_unreachable"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.9\r\n", 502, "bad_upstream_response"),
    "HTTP/2": (b"\0\0\6\4\0\0\0\0\0\0\3\0\0\0\x64", 502, "bad_upstream_response"),
    "two lengths": (page("200 OK", "content-length: 1"), 502, "bad_upstream_response"),
    "a length and chunks": (page("200 OK", "transfer-encoding: chunked"), 502, "bad_upstream_response"),
    "HTML": (page("200 OK"), 502, "bad_upstream_response"),
    "nothing in it": (page("200 OK", body=""), 502, ""),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", 502, ""),
    "brotli": (page("200 OK", "content-encoding: br"), 502, "bad_upstream_response"),
    "moved": (page("301 Moved", "location: http://localhost:1/"), 503, "provider_unavailable"),
    "moved for now": (page("307 Moved", "location: http://localhost:1/"), 503, "provider_unavailable"),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\n\r\n", 503, "provider_unavailable"),
    "plain HTTP at a port of TLS": (page("400 Bad Request"), 400, "invalid_request"),
    "a page that is not there": (page("404 Not Found"), 404, "model_not_found"),
    "a proxy that wants a login": (page("407 Who are you?"), 503, "provider_unavailable"),
    "a key refused": (page("401 Unauthorized"), 503, "provider_auth_failed"),
    "a long page": (page("429 Slow", "retry-after: 3", body="<html>" + "x" * 99_999), 429, "rate_limit_exceeded"),
    "a page that breaks off": (page("529 Busy").replace(b"length: 2", b"length: 92"), 503, "overloaded"),
    "an edge's 522": (page("522 Connection timed out"), 502, "upstream_error"),
    "a gateway's 504": (page("504 Gateway Time-out"), 504, "upstream_timeout"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def other_keys() -> Iterator[None]:
    keys_of.cache_clear()
    yield
    keys_of.cache_clear()


@pytest.mark.parametrize("name", ODD)
def test_an_odd_answer_is_an_error_in_each_format_and_free(
    key: str, settings: Any, run: Callable[[Coroutine[Any, Any, Any]], Any], name: str
) -> None:
    said, status, code = ODD[name]

    async def story() -> list[tuple[int, bytes]]:
        found = []
        async with serving(says(said, then_hang_up=True)) as provider:
            nowhere = {"base_url": f"http://127.0.0.1:{provider.port}", "api_key": "secret", "sandbox": False}
            settings.PROVIDERS = dict.fromkeys(settings.PROVIDERS, nowhere)
            for number, (format, asked) in enumerate(ASKS * 2):
                body = {"model": MODELS[number % 3], "stream": number > 2, **asked}
                headers = {"authorization": f"Bearer {key}", **ASKED_TWICE}
                answer = await handler.complete(format, headers, json.dumps(body).encode())
                assert isinstance(answer.body, bytes)
                found.append((answer.status, answer.body))
            assert all(b"secret" in asked for asked in provider.heard) and len(provider.heard) == len(found)
        await upstream.close()
        return found

    for answered, body in run(story()):
        error = json.loads(body)["error"]
        assert (answered, code in ("", error["code"]), bool(error["message"])) == (status, True, True), body
        assert b"nginx" not in body and b"secret" not in body
    assert set(Completion.objects.values_list("settlement", "charged_cents")) == {("none", 0)}
    assert not Hold.objects.exists() and not CreditTransaction.objects.filter(type="inference").exists()
