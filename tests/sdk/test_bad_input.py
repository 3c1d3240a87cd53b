"""What no client should send: a clear answer where HTTP allows one; nothing charged, nothing held, nothing thrown."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pytest

from tests.sdk.gateway import Gateway
from tests.ways import both_ways

PATH = "/v1/chat/completions"
USER = {"role": "user", "content": "hello"}
HELLO = {"model": "gpt-5-mini", "messages": [USER]}
MB = 1 << 20
TOOL = {"type": "function", "function": {"name": "f", "parameters": "DEEP"}}
CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.fixture(autouse=True)
def nothing_is_charged(gateway: Gateway, request: pytest.FixtureRequest) -> Iterator[None]:
    before, workers = gateway.charges, gateway.workers
    yield
    assert gateway.charges == before + ("pays" in request.fixturenames)
    assert gateway.workers == workers


@pytest.fixture
def pays() -> None:
    """This one is understood, answered and charged."""


def post(gateway: Gateway, body: bytes | str, **headers: str) -> httpx.Response:
    sent = {**gateway.headers(), "content-type": "application/json", **headers}
    content = body if isinstance(body, bytes) else body.encode("utf-8", "surrogatepass")
    return httpx.post(gateway.url + PATH, content=content, headers=sent, timeout=30)


def refusal(response: httpx.Response) -> tuple[int, str]:
    error = response.json()["error"]
    assert set(error) >= {"message", "type", "param", "code"} and error["message"]
    assert response.headers["x-request-id"]
    return response.status_code, error["code"]


def asked(**fields: Any) -> str:
    return json.dumps({**HELLO, **fields})


def says(content: str) -> str:
    """A request whose message's content is this piece of JSON."""
    return '{"model": "gpt-5-mini", "messages": [{"role": "user", "content": ' + content + "}]}"


BAD = {
    "nothing": (b"", "invalid_json"),
    "not JSON": (b"model=gpt-5-mini", "invalid_json"),
    "half of it": (asked()[:-5], "invalid_json"),
    "two of them": (asked() + asked(), "invalid_json"),
    "a list": (b"[]", "invalid_json"),
    "null": (b"null", "invalid_json"),
    "a number": (b"4", "invalid_json"),
    "Latin-1": (asked().replace("hello", "h\u00e9").encode("latin-1").replace(b"\\u00e9", b"\xe9"), "invalid_json"),
    "UTF-16": (asked().encode("utf-16"), "invalid_json"),
    "binary": (bytes(range(256)), "invalid_json"),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(40), "invalid_json"),
    "NaN": ('{"model": "gpt-5-mini", "messages": [], "temperature": NaN}', "invalid_json"),
    "infinity": (asked(temperature=1).replace("1}", "1e999}"), None),
    "no model": (json.dumps({"messages": HELLO["messages"]}), "missing_required_parameter"),
    "no messages": (json.dumps({"model": "gpt-5-mini"}), "missing_required_parameter"),
    "empty messages": (asked(messages=[]), "missing_required_parameter"),
    "null messages": (asked(messages=None), "missing_required_parameter"),
    "messages that are text": (asked(messages="hello"), "invalid_type"),
    "a message that is text": (asked(messages=["hello"]), "invalid_type"),
    "a message that is null": (asked(messages=[None]), "invalid_type"),
    "a model that is a number": (asked(model=5), "invalid_type"),
    "a model that is a list": (asked(model=["gpt-5-mini"]), "invalid_type"),
    "a role that is none": (asked(messages=[{"role": "king", "content": "hello"}]), None),
    "no role": (asked(messages=[{"content": "hello"}]), None),
    "no content": (asked(messages=[{"role": "user"}]), None),
    "content that is a number": (says("4"), None),
    "a part of no type": (says('[{"text": "hello"}]'), None),
    "a part of an unknown type": (says('[{"type": "smell", "smell": "rose"}]'), None),
    "a stream that is text": (asked(stream="yes"), "invalid_type"),
    "a temperature that is text": (asked(temperature="hot"), "invalid_type"),
    "a temperature that is too high": (asked(temperature=3), None),
    "half a token": (asked(max_tokens=0.5), None),
    "true tokens": (asked(max_tokens=True), None),
    "more tokens than there are": (asked(max_tokens=10**30), None),
    "no choices": (asked(n=0), None),
    "a billion choices": (asked(n=10**9), None),
    "a number of five thousand digits": (asked(max_tokens=1).replace("1}", "9" * 5000 + "}"), None),
    "NUL": (asked(user="a\0b"), None),
    "a lone surrogate": (asked(user="U").replace('"U"', '"a\\ud800b"'), None),
    "a raw lone surrogate": (says('"a\ud800b"'), None),
    "deep nesting": (says("[" * 50_000 + "]" * 50_000), None),
    "deep nesting in a tool": (asked(tools=[TOOL]).replace('"DEEP"', '{"a":' * 5000 + "1" + "}" * 5000), None),
    "a tool without a name": (asked(tools=[{"type": "function", "function": {}}]), None),
    "a tool with a bad name": (asked(tools=[{"type": "function", "function": {"name": "a b"}}]), None),
    "an unanswered call": (asked(messages=[USER, {"role": "assistant", "tool_calls": [CALL]}, USER]), None),
    "an image that is none": (says('[{"type": "image_url", "image_url": {"url": "ftp://x/y"}}]'), None),
    "an image on this network": (says('[{"type": "image_url", "image_url": {"url": "http://127.0.0.1/"}}]'), None),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_body_that_cannot_be_meant_is_400(gateway: Gateway, name: str) -> None:
    body, code = BAD[name]
    status, said = refusal(post(gateway, body))
    assert status == 400
    assert said == (code or said)


MENDED = {"NUL": '"a\\u0000b"', "a lone surrogate": '"a\\ud800b"'}


@pytest.mark.parametrize("name", MENDED)
def test_text_nobody_can_store_is_mended_in_a_message(gateway: Gateway, name: str, pays: None) -> None:
    answer = post(gateway, says(MENDED[name]))
    assert answer.status_code == 200 and answer.headers["x-conway-transforms"] == "text_mended"


def test_a_model_that_is_none_is_404(gateway: Gateway) -> None:
    for model in ("gpt-7", "gpt-5-mini\n", "../../etc/passwd", "'; DROP TABLE", "G" * 200, "gpt-5-mini\u2028"):
        assert refusal(post(gateway, asked(model=model))) == (404, "model_not_found")


NO_KEYS = (
    "",
    "Bearer",
    "Basic YTpi",
    "Bearer cnwy_k_",
    "cnwy_k_short",
    "Bearer " + "x" * 5000,
    "Bearer a.b.c",
    "Bearer \xe9",
)


@pytest.mark.parametrize("key", NO_KEYS)
def test_a_key_that_is_none_is_401(gateway: Gateway, key: str) -> None:
    assert refusal(post(gateway, asked(), authorization=key.encode("latin-1"))) == (401, "invalid_api_key")  # type: ignore[arg-type]


def test_two_keys_are_no_key(gateway: Gateway) -> None:
    both = [("authorization", f"Bearer {gateway.keys[name]}") for name in ("alice", "bob")]
    assert refusal(httpx.post(gateway.url + PATH, json=HELLO, headers=both)) == (401, "invalid_api_key")


def test_who_asks_is_looked_at_before_what_is_asked(gateway: Gateway) -> None:
    assert refusal(post(gateway, b"nonsense", authorization="nonsense"))[0] == 401
    assert refusal(post(gateway, b"nonsense", authorization=gateway.keys["bob"]))[0] == 400
    assert refusal(post(gateway, asked(), authorization=gateway.keys["bob"]))[0] == 402


def test_of_a_name_given_twice_the_last_counts(gateway: Gateway, pays: None) -> None:
    reply = post(gateway, asked()[:-1] + ', "model": "gpt-5-nano", "max_tokens": 500}')
    assert reply.status_code == 200 and reply.json()["model"].startswith("gpt-5-nano")


def test_twenty_megabytes_of_an_account_without_credit_are_refused_unread(gateway: Gateway) -> None:
    prompt = [{"role": "user", "content": "word " * (4 * MB)}]
    response = post(gateway, asked(messages=prompt), authorization=gateway.keys["bob"])
    assert refusal(response) == (402, "insufficient_credits")
    assert response.json()["error"]["needed_cents"] == 10  # the least of any request: nothing was counted


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
def test_other_methods_are_405(gateway: Gateway, method: str) -> None:
    response = httpx.request(method, gateway.url + PATH, headers=gateway.headers())
    assert refusal(response) == (405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


@both_ways
def test_head_has_no_body(gateway: Gateway, way: str) -> None:
    response = httpx.head(gateway.url + PATH, headers=gateway.headers())
    assert (response.status_code, response.content) == (405, b"")


def test_other_addresses_are_404(gateway: Gateway) -> None:
    for path in ("/v1/chat/completion", "/v1/chat/completions/", "/v1/completions", "/v1//chat/completions", "/v1/%00"):
        response = httpx.post(gateway.url + path, json=HELLO, headers=gateway.headers())
        assert refusal(response) == (404, "not_found"), path


# HTTP itself


def raw(gateway: Gateway, *pieces: bytes | float, seconds: float = 10) -> bytes:
    """What comes back until the connection closes or nothing has come for a second."""
    with socket.create_connection(("127.0.0.1", gateway.served.port), timeout=seconds) as client:
        for piece in pieces:
            if isinstance(piece, float):
                time.sleep(piece)
            else:
                client.sendall(piece)
        client.settimeout(1)
        back = b""
        try:
            while read := client.recv(65536):
                back += read
        except (TimeoutError, ConnectionError):
            pass
        return back


def request(gateway: Gateway, *more: str, version: str = "1.1", body: bytes = b"", length: int | None = None) -> bytes:
    size = [f"Content-Length: {len(body) if length is None else length}"] if length != -1 else []
    lines = [f"POST {PATH} HTTP/{version}", "Host: localhost", f"Authorization: {gateway.keys['alice']}", *size, *more]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


ASKED = json.dumps(HELLO).encode()


def first_line(back: bytes) -> str:
    return back.split(b"\r\n")[0].decode()


@both_ways
def test_http_1_0_is_answered_and_closed(gateway: Gateway, way: str, pays: None) -> None:
    back = raw(gateway, request(gateway, version="1.0", body=ASKED))
    assert first_line(back).endswith("200 OK")
    assert json.loads(back.split(b"\r\n\r\n")[1])["choices"]


@both_ways
def test_a_body_in_drops_is_put_together(gateway: Gateway, way: str, pays: None) -> None:
    sent = request(gateway, body=ASKED)
    drops = [piece for start in range(0, len(sent), 40) for piece in (sent[start : start + 40], 0.02)]
    assert b'"chat.completion"' in raw(gateway, *drops)


@both_ways
def test_a_body_in_chunks_of_no_declared_length_is_read(gateway: Gateway, way: str, pays: None) -> None:
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(ASKED), ASKED)
    assert b'"chat.completion"' in raw(gateway, request(gateway, "Transfer-Encoding: chunked", length=-1) + chunk)


@both_ways
def test_pipelined_requests_are_answered_in_order(gateway: Gateway, way: str) -> None:
    bad, worse = request(gateway, body=b"{}"), request(gateway, body=b"nonsense")
    back = raw(gateway, bad + worse + bad)
    codes = [json.loads(part.split(b"\r\n\r\n")[1])["error"]["code"] for part in back.split(b"HTTP/1.1 ")[1:]]
    assert codes == ["missing_required_parameter", "invalid_json", "missing_required_parameter"]


def test_no_length_is_no_body(gateway: Gateway) -> None:
    assert b"invalid_json" in raw(gateway, request(gateway, length=-1))


def test_a_body_that_never_comes_is_nobodys_loss(gateway: Gateway) -> None:
    assert raw(gateway, request(gateway, body=ASKED, length=5000)) == b""
    assert refusal(post(gateway, b"{}"))[0] == 400


HEADS = {
    "a header of a megabyte": "X: " + "x" * MB,
    "ten thousand headers": "\r\n".join(f"X-{number}: x" for number in range(10_000)),
    "a length that is text": "Content-Length: many",
    "two lengths": "Content-Length: 5",
    "a length below nothing": "Content-Length: -5",
    "a length and chunks": "Transfer-Encoding: chunked",
    "an encoding nobody knows": "Transfer-Encoding: zorp",
    "a header without a colon": "hello",
    "a header of control characters": "X\x01Y: \x02",
}


@pytest.mark.parametrize("name", HEADS)
def test_heads_that_cannot_be_read_are_400(gateway: Gateway, name: str) -> None:
    back = raw(gateway, request(gateway, HEADS[name], body=b"{}"))
    assert first_line(back).split(" ")[1:2] in (["400"], ["431"], []), back[:300]
    assert refusal(post(gateway, b"{}"))[0] == 400


def test_what_is_no_http_is_closed(gateway: Gateway) -> None:
    for said in (b"\x16\x03\x01\x02\x00\x01\x00", b"hello\r\n\r\n", b"GET\r\n\r\n", b"\r\n" * 1000, b"\0" * 1000):
        back = raw(gateway, said)
        assert b" 200 " not in first_line(back).encode()
