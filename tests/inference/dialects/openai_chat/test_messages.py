"""Messages and their parts, provider by provider."""

import json
from typing import Any

import pytest

from inference.chat.invalid_request import InvalidRequest
from tests.inference.dialects.openai_chat.asking import (
    Json,
    body,
    call,
    calling,
    changed,
    messages,
    rendered,
    result,
    user,
)
from tests.inference.media_samples import AUDIO_PART, FILE_PART

PNG = "data:image/png;base64,iVBORw0KGgo="
MARK = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}


def text(words: str, **fields: Any) -> Json:
    return {"type": "text", "text": words, **fields}


def image(url: str, **fields: Any) -> Json:
    return {"type": "image_url", "image_url": {"url": url, **fields}}


def test_openai_gets_a_conversation_as_it_came() -> None:
    given = [
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                text("Look"),
                image(PNG, detail="low"),
                image("https://images.example/a.png"),
                FILE_PART,
                AUDIO_PART,
            ],
            "name": "bob",
        },
        {"role": "assistant", "content": [text("No."), {"type": "refusal", "refusal": "I won't."}]},
        {"role": "assistant", "content": None, "refusal": "I can't."},
        {"role": "user", "content": "Weather?"},
        calling(call("a"), call("b")),
        result("b"),
        result("a", [text("21"), text("C")]),
        {"role": "system", "content": "Later."},
        {"role": "assistant", "content": "It is"},
    ]
    assert messages("gpt-5.2", *given) == given


def test_what_openai_does_not_know_is_left_out() -> None:
    given = calling(
        call(), reasoning_content="Hm.", thinking_blocks=[{"type": "thinking"}], extra_content={"google": {}}
    )
    given["tool_calls"][0]["extra_content"] = {"google": {"thought_signature": "x"}}
    assert messages("gpt-5.2", user(), given, {**result(), "name": "get_weather"})[1:] == [calling(call()), result()]


@pytest.mark.parametrize("model", ["kimi-k2.5", "qwen3-coder"])
def test_developers_are_systems_elsewhere(model: str) -> None:
    sent = messages(model, {"role": "developer", "content": "Be brief."}, user())
    assert sent == [{"role": "system", "content": "Be brief."}, user()]


def test_qwen_knows_no_names_and_one_string() -> None:
    sent = messages(
        "qwen3-coder",
        {"role": "user", "name": "bob", "content": [text("a"), text("b")]},
        calling(call()),
        result("call_a", [text("21"), text(" C")]),
    )
    assert sent[0] == user("ab")
    assert sent[1]["content"] == ""
    assert sent[2]["content"] == "21 C"


@pytest.mark.parametrize("model", ["kimi-k2.5", "qwen3-coder"])
def test_a_refusal_becomes_text_elsewhere(model: str) -> None:
    field = {"role": "assistant", "content": None, "refusal": "I won't."}
    part = {"role": "assistant", "content": [{"type": "refusal", "refusal": "I can't."}]}
    sent = messages(model, user(), field, part)
    assert sent[1] == {"role": "assistant", "content": "I won't."}
    assert "I can't." in json.dumps(sent[2]["content"])
    assert "refusal" not in json.dumps(sent)


# Empty messages


def test_kimi_gets_no_empty_messages() -> None:
    sent = messages(
        "kimi-k2.5",
        user(),
        {"role": "assistant", "content": ""},
        {"role": "assistant", "content": None},
        user([text(""), text("a")]),
    )
    assert sent == [user(), user([text("a")])]


def test_kimi_gets_calls_and_answers_with_empty_text() -> None:
    _, turn, answer = messages("kimi-k2.5", user(), calling(call(), content=[text("")]), result("call_a", ""))
    assert (turn["content"], answer["content"]) == ("", "")


def test_a_conversation_of_nothing_is_refused_for_kimi() -> None:
    with pytest.raises(InvalidRequest) as refused:
        messages("kimi-k2.5", user(""))
    assert refused.value.param == "messages"


def test_openai_and_qwen_may_hear_nothing() -> None:
    assert messages("gpt-5.2", user("")) == [user("")]
    assert messages("qwen3-coder", user(""), {"role": "assistant", "content": []}) == [
        user(""),
        {"role": "assistant", "content": ""},
    ]


# Reasoning


def test_kimi_gets_its_thoughts_back() -> None:
    given = [
        user(),
        {"role": "assistant", "content": "Hi", "reasoning_content": "Greet."},
        user(),
        calling(call(), reasoning_content="Look."),
        result(),
    ]
    sent = messages("kimi-k2.5", *given)
    assert [message.get("reasoning_content") for message in sent] == [None, "Greet.", None, "Look.", None]


@pytest.mark.parametrize("lost", [{}, {"reasoning_content": ""}, {"reasoning_content": None}])
def test_a_lost_thought_beside_a_call_has_a_placeholder(lost: Json) -> None:
    assert messages("kimi-k2.5", user(), calling(call(), **lost), result())[1]["reasoning_content"] == " "
    assert "reasoning_content" not in messages("qwen3-coder", user(), calling(call(), **lost), result())[1]


def test_without_thinking_kimi_misses_no_thought() -> None:
    sent = messages("kimi-k2.5", user(), calling(call()), result(), reasoning_effort="none")
    assert "reasoning_content" not in sent[1]


# Calls in the history


@pytest.mark.parametrize("arguments", ["", None])
def test_a_call_without_arguments_has_an_empty_object(arguments: str | None) -> None:
    for model in ("gpt-5.2", "kimi-k2.5", "qwen3-coder"):
        assert (
            messages(model, user(), calling(call(arguments=arguments)), result())[1]["tool_calls"][0]["function"][
                "arguments"
            ]
            == "{}"
        )


@pytest.mark.parametrize(
    ("written", "sent"),
    [("{city:", {"__raw_arguments": "{city:"}), ("[1]", {"__raw_arguments": [1]}), ('{"a": 1}', {"a": 1})],
)
def test_broken_arguments_do_not_break_the_conversation(written: str, sent: Any) -> None:
    for model in ("kimi-k2.5", "qwen3-coder"):
        arguments = messages(model, user(), calling(call(arguments=written)), result())[1]["tool_calls"][0]["function"][
            "arguments"
        ]
        assert json.loads(arguments) == sent
    assert (
        messages("gpt-5.2", user(), calling(call(arguments=written)), result())[1]["tool_calls"][0]["function"][
            "arguments"
        ]
        == written
    )


def test_openai_takes_ids_of_forty_characters() -> None:
    long = "functions.get_the_weather_of_tomorrow_morning:0"
    other = "functions.get_the_weather_of_tomorrow_morning:1"
    _, turn, first, second = messages("gpt-5.2", user(), calling(call(long), call(other)), result(other), result(long))
    sent = [each["id"] for each in turn["tool_calls"]]
    assert [first["tool_call_id"], second["tool_call_id"]] == [sent[1], sent[0]]
    assert len(set(sent)) == 2
    assert all(len(each) == 40 for each in sent)


# Parts


def test_kimi_sees_images_it_need_not_fetch() -> None:
    assert messages("kimi-k2.5", user([image(PNG, detail="high")])) == [user([image(PNG)])]


@pytest.mark.parametrize(
    ("model", "url", "code"),
    [
        ("kimi-k2.5", "https://images.example/a.png", "unsupported_image_url"),
        ("kimi-k2.5", "HTTPS://images.example/a.png", "unsupported_image_url"),
        ("kimi-k2.5", "http://169.254.169.254/", "invalid_image_url"),
        ("gpt-5.2", "http://169.254.169.254/", "invalid_image_url"),
        ("gpt-5.2", "file:///etc/passwd", "invalid_image_url"),
        ("gpt-5.2", "/a.png", "invalid_image_url"),
        ("qwen3-coder", PNG, "unsupported_value"),
    ],
)
def test_images_that_nobody_should_fetch_are_refused(model: str, url: str, code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        messages(model, user([image(url)]))
    assert (refused.value.code, refused.value.param) == (code, "messages")


def test_kimi_is_told_to_send_a_data_url() -> None:
    with pytest.raises(InvalidRequest, match=r"messages\[0\]\.content\[1\].*data URL"):
        messages("kimi-k2.5", user([text("a"), image("https://images.example/a.png")]))


@pytest.mark.parametrize("url", ["DATA:image/png;base64,iVBORw0KGgo=", "data:image/jpg;charset=x;base64,iVBORw0K Ggo"])
def test_a_data_url_is_sent_in_its_plain_form(url: str) -> None:
    assert messages("kimi-k2.5", user([image(url)])) == [user([image(PNG)])]


def test_a_data_url_without_base64_is_refused() -> None:
    with pytest.raises(InvalidRequest) as refused:
        messages("gpt-5.2", user([image("data:image/svg+xml,<svg/>")]))
    assert refused.value.code == "invalid_data_url"


@pytest.mark.parametrize("model", ["kimi-k2.5", "qwen3-coder"])
@pytest.mark.parametrize("part", [FILE_PART, AUDIO_PART])
def test_files_and_audio_are_openais(model: str, part: Json) -> None:
    with pytest.raises(InvalidRequest):
        messages(model, user([part]))


@pytest.mark.parametrize("model", ["gpt-5.2", "kimi-k2.5"])
def test_images_of_tool_results_are_shown_after_all_of_them(model: str) -> None:
    picture = {"type": "image_url", "image_url": {"url": PNG}}
    answers = [result("call_a", [text("shot"), image(PNG)]), result("call_b", [image(PNG)])]
    sent = messages(model, user(), calling(call(), call("call_b")), *answers, user("and?"))
    assert [message["role"] for message in sent[-4:]] == ["tool", "tool", "user", "user"]
    assert [part for part in sent[-2]["content"] if part["type"] == "image_url"] == [picture, picture]
    assert sent[-4]["content"] == [text("shot")] and sent[-3]["content"][0]["type"] == "text"


def test_a_model_that_sees_nothing_takes_no_images_in_results() -> None:
    with pytest.raises(InvalidRequest):
        messages("qwen3-coder", user(), calling(call()), result("call_a", [image(PNG)]))


# Cache marks


def test_qwens_marks_stand_on_parts() -> None:
    sent = rendered("qwen3-coder", messages=[user([text("a", **MARK), text("b")]), {**user("c"), **MARK}])
    mark = {"cache_control": {"type": "ephemeral"}}
    assert sent.body["messages"] == [user([text("a", **mark), text("b")]), user([text("c", **mark)])]
    assert sent.ignored == ["cache_control.ttl"]  # the tests' mark lasts an hour, Qwen's five minutes


def test_qwen_counts_four_marks() -> None:
    sent = messages("qwen3-coder", *(user([text(str(number), **MARK)]) for number in range(6)))
    assert ["cache_control" in message["content"][0] for message in sent] == [False, False, True, True, True, True]


def test_lost_marks_are_named() -> None:
    assert rendered("gpt-5.2", messages=[user([text("a", **MARK)])]).ignored == ["cache_control"]
    assert rendered("kimi-k2.5", messages=[{**user("a"), **MARK}]).ignored == ["cache_control"]
    point = {"prompt_cache_breakpoint": {"mode": "explicit"}}
    assert rendered("gpt-5.2", messages=[user([text("a", **point)])]).ignored == ["prompt_cache_breakpoint"]
    assert body("gpt-5.2", messages=[user([text("a", **MARK)])])["messages"] == [user([text("a")])]


def test_a_row_of_staffs_making_is_obeyed() -> None:
    deaf = changed("gpt-5.2", images=frozenset(), audio=False)
    with pytest.raises(InvalidRequest):
        messages(deaf, user([image(PNG)]))
