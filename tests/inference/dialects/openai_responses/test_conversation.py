import pytest

from inference.chat.invalid_request import InvalidRequest

from .asking import body, items, rendered, target

PNG = "data:image/png;base64,iVBORw0KGgo="


def calls(*ids: str, **message: object) -> dict[str, object]:
    made = [{"id": name, "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}} for name in ids]
    return {"role": "assistant", "tool_calls": made, **message}


def result(call_id: str, content: object = "done") -> dict[str, object]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def test_each_role_keeps_its_words() -> None:
    assert items(
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
    ) == [
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "Be brief."}]},
        {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "Be kind."}]},
    ]
    assert items({"role": "user", "content": ""})[0]["content"] == [{"type": "input_text", "text": ""}]


def test_what_the_assistant_said_is_one_text() -> None:
    parts = [{"type": "text", "text": "I "}, {"type": "refusal", "refusal": "cannot."}]
    assert items({"role": "assistant", "content": parts})[0]["content"] == "I cannot."
    assert items({"role": "assistant", "refusal": "No."})[0]["content"] == "No."


def test_calls_and_answers_are_items_in_the_order_given() -> None:
    given = items({"role": "user", "content": "go"}, calls("a", "b", content="Checking."), result("b"), result("a", ""))
    assert [item["type"] for item in given[1:]] == [
        "message",
        "function_call",
        "function_call",
        "function_call_output",
        "function_call_output",
    ]
    assert given[2] == {"type": "function_call", "call_id": "a", "name": "f", "arguments": '{"a":1}'}
    assert [item["call_id"] for item in given[2:]] == ["a", "b", "b", "a"]
    assert given[5]["output"] == ""


def test_case_11_empty_arguments_are_an_empty_object() -> None:
    empty = {
        "role": "assistant",
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": ""}}],
    }
    assert items(empty, result("a"))[0]["arguments"] == "{}"


def test_case_12_arguments_that_are_no_json_pass_as_they_are() -> None:
    broken = {
        "role": "assistant",
        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{city:"}}],
    }
    assert items(broken, result("a"))[0]["arguments"] == "{city:"


def test_case_30_reasoning_of_another_provider_stays_behind_and_ids_stay() -> None:
    kimi = calls(
        "functions.f:0",
        reasoning_content="Hm.",
        thinking_blocks=[{"type": "thinking", "thinking": "x", "signature": "y"}],
    )
    assert [item["call_id"] for item in items(kimi, result("functions.f:0"))] == ["functions.f:0", "functions.f:0"]


def test_an_id_too_long_for_the_api_is_shortened_alike_in_call_and_answer() -> None:
    long = "call_" + "x" * 200
    asked, answered = items(calls(long), result(long))
    assert asked["call_id"] == answered["call_id"] and len(asked["call_id"]) <= 64


def test_a_result_may_show_an_image() -> None:
    image = {"type": "image_url", "image_url": {"url": PNG}}
    (_, answered) = items(calls("a"), result("a", [{"type": "text", "text": "see"}, image]))
    assert [part["type"] for part in answered["output"]] == ["input_text", "input_image"]


def test_a_result_in_parts_of_text_is_one_text() -> None:
    (_, answered) = items(calls("a"), result("a", [{"type": "text", "text": "one "}, {"type": "text", "text": "two"}]))
    assert answered["output"] == "one two"


def test_legacy_calls_become_items() -> None:
    given = items(
        {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "42"},
    )
    assert [item["type"] for item in given] == ["function_call", "function_call_output"]
    assert given[0]["call_id"] == given[1]["call_id"]


def test_images_come_by_data_url_or_https() -> None:
    parts = [
        {"type": "image_url", "image_url": {"url": url, "detail": "low"}}
        for url in (PNG, "https://images.example/a.png")
    ]
    assert items({"role": "user", "content": parts})[0]["content"] == [
        {"type": "input_image", "image_url": PNG, "detail": "low"},
        {"type": "input_image", "image_url": "https://images.example/a.png", "detail": "low"},
    ]


@pytest.mark.parametrize("url", ["http://169.254.169.254/a.png", "file:///etc/passwd", "ftp://a/b", "nonsense"])
def test_case_27_an_image_from_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        body({"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]})
    assert refused.value.code == "invalid_image_url"


def test_a_document_has_a_name() -> None:
    pdf = "data:application/pdf;base64,JVBERi0="
    for given, sent in (({"filename": "a.pdf"}, "a.pdf"), ({}, "file.pdf")):
        (item,) = items({"role": "user", "content": [{"type": "file", "file": {"file_data": pdf, **given}}]})
        assert item["content"] == [{"type": "input_file", "filename": sent, "file_data": pdf}]


@pytest.mark.parametrize("traits", [{}, {"audio": False}])
def test_audio_has_no_place_in_this_api(traits: dict[str, bool]) -> None:
    part = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    with pytest.raises(InvalidRequest) as refused:
        rendered({"role": "user", "content": [part]}, to=target(**traits))
    assert refused.value.code == "unsupported_value"


def test_a_model_without_eyes_refuses_images_and_documents() -> None:
    blind = target(images=[], documents=False)
    for part in ({"type": "image_url", "image_url": {"url": PNG}}, {"type": "file", "file": {"file_data": "data:,"}}):
        with pytest.raises(InvalidRequest):
            rendered({"role": "user", "content": [part]}, to=blind)


def test_cache_marks_are_named_because_this_api_caches_by_itself() -> None:
    part = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}
    assert rendered({"role": "user", "content": [part]}).ignored == ["cache_control"]


def test_names_of_speakers_are_left_out_and_named() -> None:
    asked = rendered({"role": "user", "content": "Hi", "name": "alice"})
    assert "name" not in asked.body["input"][0]
    assert asked.ignored == ["messages.name"]
