"""What clients stumble over: keys in other headers, wrong base URLs, a 402 that must stand alone, odd limits."""

import json
import socket
from typing import Any

import anthropic
import httpx2 as httpx
import pytest
from openai import OpenAI

from inference.api import formats
from tests.sdk.gateway import Gateway

HELLO = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hello"}]}
EVERYWHERE = {**HELLO, "input": "hello", "max_tokens": 100}
PATHS = ("/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/messages/count_tokens", "/v1/models")


def asked(gateway: Gateway, path: str, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
    method = "GET" if path == "/v1/models" else "POST"
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.request(method, gateway.url + path, json=body or EVERYWHERE, headers=sent, timeout=30)


@pytest.mark.parametrize("header", ["authorization", "x_api_key", "api_key", "x_goog_api_key"])
@pytest.mark.parametrize("path", PATHS)
def test_a_key_is_found_in_whichever_header_its_sdk_sends(gateway: Gateway, path: str, header: str) -> None:
    assert asked(gateway, path, **{header: gateway.keys["alice"]}).status_code == 200
    refused = asked(gateway, path, **{header: "cnwy_k_" + "x" * 32})
    assert (refused.status_code, refused.json()["error"]["type"]) == (401, "authentication_error")


def test_no_key_at_all_is_401_in_each_formats_shape(gateway: Gateway) -> None:
    for path in PATHS:
        assert asked(gateway, path).status_code == 401
    assert asked(gateway, "/v1/messages").json()["type"] == "error"


@pytest.mark.parametrize("path", PATHS[:3])
def test_the_message_of_a_402_stands_alone(gateway: Gateway, path: str) -> None:
    refused = asked(gateway, path, authorization=gateway.keys["bob"])
    error = refused.json()["error"]
    assert (refused.status_code, error["code"]) == (402, "insufficient_credits")
    assert error["message"].startswith("Insufficient credits. Minimum balance of 10 cents required. Current balance: 0")
    assert "this request needs 10 cents" in error["message"]
    assert error["message"].endswith(f"Add credits at {gateway.url}/.")
    assert error["type"] == ("billing_error" if "messages" in path else "insufficient_quota")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/v1/chat/completions", "/v1/chat/completions"),
        ("/v1/v1/messages", "without /v1"),
        ("/messages", "/v1/messages"),
        ("/api/v1/responses", "set the base URL to"),
        ("/v1/responses/resp_1", "not stored"),
        ("/v1/completions", "chat completions"),
        ("/v1/embeddings", "not offered"),
        ("/v1beta/models/gemini-3-flash:generateContent", "/v1/chat/completions"),
        ("/v1/chat/completions/", "/v1/chat/completions"),
    ],
)
def test_a_wrong_address_is_json_and_names_the_right_one(gateway: Gateway, path: str, said: str) -> None:
    lost = asked(gateway, path)
    assert (lost.status_code, lost.headers["content-type"]) == (404, "application/json")
    assert said in lost.json()["error"]["message"] and gateway.url in lost.json()["error"]["message"]


@pytest.mark.parametrize(
    "fields",
    [
        *({"max_tokens": 0}, {"max_tokens": -1}, {"max_tokens": 100.0}, {"max_completion_tokens": 64.0}),
        *({"reasoning_effort": ""}, {"reasoning": {"effort": "low"}}, {"reasoning": {"max_tokens": 2000}}),
        *({"reasoning": {"enabled": False}}, {"reasoning": {"enabled": True}}, {"reasoning": {"exclude": True}}),
    ],
    ids=str,
)
@pytest.mark.parametrize("model", ["gpt-5.2", "claude-haiku-4.5", "gemini-3-flash", "kimi-k2.5"])
def test_what_other_routers_take_is_taken(gateway: Gateway, model: str, fields: dict[str, Any]) -> None:
    said = asked(
        gateway, "/v1/chat/completions", {**HELLO, "model": model, **fields}, authorization=gateway.keys["alice"]
    )
    assert said.status_code == 200, said.text
    assert "reasoning" not in said.headers.get("x-conway-ignored-params", "").split(",")


SAYS_IT = {
    "/v1/chat/completions": {"messages": HELLO["messages"]},
    "/v1/messages": {"messages": HELLO["messages"]},
    "/v1/responses": {"input": "hello"},
}
LIMIT = dict(zip(SAYS_IT, ("max_tokens", "max_tokens", "max_output_tokens"), strict=True))
EFFORT: dict[str, Any] = {
    "/v1/chat/completions": {"reasoning_effort": ""},
    "/v1/messages": {"output_config": {"effort": ""}},
    "/v1/responses": {"reasoning": {"effort": ""}},
}


@pytest.mark.parametrize("path", SAYS_IT)
def test_odd_limits_and_empty_efforts_are_read_in_every_format(gateway: Gateway, path: str) -> None:
    for model in ("gpt-5-mini", "claude-haiku-4.5"):
        for fields in ({LIMIT[path]: 0}, {LIMIT[path]: -1}, {LIMIT[path]: 100.0}, EFFORT[path]):
            body = {"model": model, **SAYS_IT[path], **fields}
            said = asked(gateway, path, body, authorization=gateway.keys["alice"])
            assert said.status_code == 200, said.text


@pytest.mark.parametrize(
    ("path", "fields", "named"),
    [
        ("/v1/responses", {"max_output_tokens": "5"}, "max_output_tokens must be"),
        ("/v1/responses", {"reasoning": {"effort": "huge"}}, "reasoning.effort must be"),
        ("/v1/responses", {"text": {"verbosity": "huge"}}, "text.verbosity must be"),
        ("/v1/messages", {"max_tokens": "5"}, "max_tokens must be"),
        ("/v1/messages", {"output_config": {"effort": "huge"}}, "output_config.effort must be"),
    ],
)
def test_what_is_wrong_is_named_as_the_caller_wrote_it(
    gateway: Gateway, path: str, fields: dict[str, Any], named: str
) -> None:
    body = {"model": "gpt-5-mini", **SAYS_IT[path], **fields}
    refused = asked(gateway, path, body, authorization=gateway.keys["alice"])
    error = refused.json()["error"]
    assert (refused.status_code, error["param"]) == (400, next(iter(fields)))
    assert error["message"].startswith(named)


def test_openrouters_reasoning_is_read_in_responses_too(openai: OpenAI) -> None:
    told, none = (
        openai.responses.create(model="claude-sonnet-4.5", input="hello", extra_body={"reasoning": reasoning})
        for reasoning in ({"max_tokens": 2000}, {"enabled": False})
    )
    assert [item.type for item in told.output] == ["reasoning", "message"]
    assert [item.type for item in none.output] == ["message"]


# Before a body is read: by the server itself, by the address, or by who asks.
REFUSED = {
    401: {"headers": {"authorization": ""}},
    405: {"method": "PUT"},
    413: {"headers": {"content-length": str(10**9)}},
    415: {"headers": {"content-encoding": "br"}},
}
ANTHROPICS = {401: "authentication_error", 413: "request_too_large"}


@pytest.mark.parametrize("status", REFUSED)
@pytest.mark.parametrize("path", formats.AT)
def test_what_is_refused_before_its_body_is_read_has_the_shape_of_the_address(
    gateway: Gateway, path: str, status: int
) -> None:
    given: dict[str, Any] = REFUSED[status]
    headers = {"host": "localhost", **gateway.headers(), "content-length": "2", **given.get("headers", {})}
    lines = [f"{given.get('method', 'POST')} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    with socket.create_connection(("127.0.0.1", int(gateway.url.rpartition(":")[2])), timeout=20) as talking:
        talking.sendall("\r\n".join([*lines, "connection: close", "", ""]).encode() + b"{}")
        head, _, body = b"".join(iter(lambda: talking.recv(65536), b"")).partition(b"\r\n\r\n")
    told = json.loads(body)
    assert int(head.split()[1]) == status
    assert (told.get("type") == "error") == ("messages" in path)
    if "messages" in path:
        assert told["error"]["type"] == ANTHROPICS.get(status, "invalid_request_error")
        assert told["request_id"].startswith("req_")


def test_what_anthropics_clients_do_not_find_is_told_in_their_shape(gateway: Gateway) -> None:
    client = anthropic.Anthropic(base_url=gateway.url, api_key=gateway.keys["alice"], max_retries=0)
    for ask in (lambda: client.models.retrieve("nobody"), lambda: client.messages.batches.list()):
        with pytest.raises(anthropic.NotFoundError) as refused:
            ask()
        body: Any = refused.value.body
        assert (body["type"], body["error"]["type"]) == ("error", "not_found_error")


def test_a_budget_is_an_effort_for_a_model_that_has_efforts(openai: OpenAI) -> None:
    told = openai.chat.completions.create(**HELLO, extra_body={"reasoning": {"max_tokens": 20_000}})  # type: ignore[call-overload]
    thrifty = openai.chat.completions.create(**HELLO, extra_body={"reasoning": {"effort": "minimal"}})  # type: ignore[call-overload]
    assert (
        told.usage.completion_tokens_details.reasoning_tokens
        >= thrifty.usage.completion_tokens_details.reasoning_tokens
    )


def test_usage_is_told_where_it_was_asked_for_in_openrouters_way(openai: OpenAI) -> None:
    stream = openai.chat.completions.create(**HELLO, stream=True, extra_body={"usage": {"include": True}})  # type: ignore[call-overload]
    assert [chunk.usage for chunk in stream][-1].charged_cents == 1


def test_models_are_listed_as_anthropics_sdk_reads_them(gateway: Gateway) -> None:
    client = anthropic.Anthropic(base_url=gateway.url, api_key=gateway.keys["alice"])
    listed = list(client.models.list())
    assert {"claude-opus-4.6", "gpt-5.2", "kimi-k2.6"} <= {model.id for model in listed}
    assert client.models.retrieve("claude-sonnet-4-5").display_name == "Claude Sonnet 4.5"
    assert client.models.retrieve("anthropic/claude-opus-4.6").id == "claude-opus-4.6"


def test_betas_are_tolerated_and_told_back(gateway: Gateway) -> None:
    client = anthropic.Anthropic(base_url=gateway.url, api_key=gateway.keys["alice"])
    said = client.beta.messages.with_raw_response.create(
        model="claude-haiku-4-5",
        max_tokens=100,
        messages=[{"role": "user", "content": "hello"}],
        betas=["context-management-2025-06-27", "some-future-beta"],
        context_management={"edits": [{"type": "clear_tool_uses_20250919"}]},
    )
    assert "anthropic-beta.some-future-beta" in said.headers["x-conway-ignored-params"]
    assert said.headers["x-conway-transforms"] == "context_management_ignored"
    assert said.headers["request-id"] == said.headers["x-request-id"]


def test_what_would_need_a_store_is_refused_with_the_remedy(gateway: Gateway) -> None:
    for field, value in {"previous_response_id": "resp_1", "conversation": "c", "background": True}.items():
        body = {"model": "gpt-5.2", "input": "hello", field: value}
        refused = asked(gateway, "/v1/responses", body, authorization=gateway.keys["alice"])
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, field)
    body = {"model": "gpt-5.2", "input": [{"type": "item_reference", "id": "msg_1"}]}
    refused = asked(gateway, "/v1/responses", body, authorization=gateway.keys["alice"])
    assert "Send the item itself" in refused.json()["error"]["message"]


SCREEN: Any = {"type": "computer_20250124", "name": "computer", "display_width_px": 1024, "display_height_px": 768}
OWN_TOOLS: dict[str, Any] = {
    "bash": {"type": "bash_20250124", "name": "bash"},
    "str_replace_based_edit_tool": {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
    "memory": {"type": "memory_20250818", "name": "memory"},
    "computer": SCREEN,
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", OWN_TOOLS)
def test_claude_calls_a_tool_of_anthropics_that_its_caller_runs(gateway: Gateway, name: str, stream: bool) -> None:
    client = anthropic.Anthropic(base_url=gateway.url, api_key=gateway.keys["alice"], max_retries=0)
    asked: Any = {"model": "claude-sonnet-4-5", "max_tokens": 500, "tools": [OWN_TOOLS[name]]}
    asked |= {"betas": ["computer-use-2025-01-24"], "tool_choice": {"type": "tool", "name": name}}
    said: list[Any] = [{"role": "user", "content": "do it"}]
    if stream:
        with client.beta.messages.stream(messages=said, **asked) as events:
            reply = events.get_final_message()
    else:
        reply = client.beta.messages.create(messages=said, **asked)
    (call,) = [block for block in reply.content if block.type == "tool_use"]
    assert (call.name, reply.stop_reason) == (name, "tool_use") and call.input
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "it is done"}
    said += [{"role": "assistant", "content": reply.content}, {"role": "user", "content": [result]}]
    answered = client.beta.messages.create(messages=said, **asked | {"tool_choice": {"type": "auto"}})
    assert "it is done" in answered.content[0].text  # type: ignore[union-attr]


def test_another_model_refuses_it_in_anthropics_shape(gateway: Gateway) -> None:
    body = {**EVERYWHERE, "model": "gpt-5.2", "tools": [SCREEN]}
    refused = asked(gateway, "/v1/messages", body, authorization=gateway.keys["alice"])
    told = refused.json()
    assert (refused.status_code, told["type"], told["error"]["type"]) == (400, "error", "invalid_request_error")
    assert "computer_20250124" in told["error"]["message"] and "a Claude model" in told["error"]["message"]


def test_a_beta_that_claude_needs_for_a_tool_is_sent_and_others_are_told_back(gateway: Gateway) -> None:
    body = {**EVERYWHERE, "model": "claude-haiku-4.5", "tools": [SCREEN]}
    del body["input"]
    betas = {"anthropic_beta": "context-1m-2025-08-07, computer-use-2025-01-24"}
    sent = asked(gateway, "/v1/messages", body, authorization=gateway.keys["alice"], **betas)
    assert (sent.status_code, sent.headers["x-conway-ignored-params"]) == (200, "anthropic-beta.context-1m-2025-08-07")
    missing = asked(gateway, "/v1/messages", body, authorization=gateway.keys["alice"])
    assert missing.status_code == 400 and "computer-use-2025-01-24" in missing.json()["error"]["message"]


@pytest.mark.parametrize("model", ["gpt-5.2", "claude-haiku-4.5"])
def test_a_hosted_tool_is_refused_by_name(gateway: Gateway, model: str) -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    for path, tool in (("/v1/messages", search), ("/v1/responses", {"type": "web_search"})):
        refused = asked(
            gateway, path, {**EVERYWHERE, "model": model, "tools": [tool]}, authorization=gateway.keys["alice"]
        )
        assert refused.status_code == 400 and tool["type"] in refused.json()["error"]["message"]


NAMESPACE = {
    "type": "namespace",
    "name": "files",
    "description": "Files",
    "tools": [{"type": "function", "name": "read", "parameters": {"type": "object", "properties": {}}}],
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["gpt-5.2-codex", "claude-haiku-4.5", "gemini-3-flash"])
def test_tools_in_a_namespace_are_called_in_it_and_codexs_search_is_left_out(
    openai: OpenAI, model: str, stream: bool
) -> None:
    asked: dict[str, Any] = {"model": model, "tools": [NAMESPACE, {"type": "web_search"}]}
    said: list[Any] = [{"role": "user", "content": "call files__read with {}"}]
    if stream:
        with openai.responses.stream(input=said, **asked) as events:
            reply = events.get_final_response()
    else:
        reply = openai.responses.create(input=said, **asked)
    (call,) = [item for item in reply.output if item.type == "function_call"]
    assert (call.name, call.namespace) == ("read", "files")
    echoed = [{name: value for name, value in item.model_dump(exclude_none=True).items() if name != "parsed_arguments"}
              for item in reply.output]  # fmt: skip
    said += [*echoed, {"type": "function_call_output", "call_id": call.call_id, "output": "done"}]
    assert "done" in openai.responses.create(input=said, **asked).output_text
