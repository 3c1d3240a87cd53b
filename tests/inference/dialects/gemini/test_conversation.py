"""Roles, turns, tool results and signatures."""

import pytest

from inference.dialects.gemini.signatures import STAND_IN, renew
from tests.inference.dialects.gemini.asking import (
    FLASH,
    FLASH_3,
    Json,
    body,
    call,
    calling,
    contents,
    image,
    rendered,
    result,
    text,
    tool,
    user,
)
from tests.inference.media_samples import PNG, data_url


def system(words: str, role: str = "system") -> Json:
    return {"role": role, "content": words}


def assistant(words: str | None, **fields: object) -> Json:
    return {"role": "assistant", "content": words, **fields}


def test_system_messages_are_hoisted_from_anywhere() -> None:
    sent = body(messages=[user("A"), assistant("B"), system("S"), user("C"), system("D", "developer")])
    assert sent["systemInstruction"] == {"parts": [text("S"), text("D")]}
    assert [turn["role"] for turn in sent["contents"]] == ["user", "model", "user"]


def test_of_several_system_messages_the_last_becomes_the_users() -> None:
    sent = body(messages=[system("S"), system("D")])
    assert sent["systemInstruction"] == {"parts": [text("S")]}
    assert sent["contents"] == [{"role": "user", "parts": [text("D")]}]


def test_neighbours_of_one_role_are_one_turn_of_separate_texts() -> None:
    assert contents(user("a"), user("b"))[0]["parts"] == [text("a"), text("b")]


def test_a_conversation_that_the_model_opened_gets_a_user_first() -> None:
    assert contents(assistant("Hi!"), user("Hello"))[0] == {"role": "user", "parts": [text(".")]}


def test_a_conversation_may_end_with_the_model() -> None:
    assert contents(user("Count"), assistant("1, 2,"))[-1] == {"role": "model", "parts": [text("1, 2,")]}


@pytest.mark.parametrize("empty", ["", [{"type": "text", "text": ""}]])
def test_empty_messages_are_left_out(empty: object) -> None:
    assert contents(user("a"), {"role": "assistant", "content": empty}, user("b")) == contents(user("a"), user("b"))


def test_nothing_at_all_is_still_a_turn() -> None:
    assert contents(user("")) == [{"role": "user", "parts": [text(".")]}]


def test_a_refusal_is_what_the_model_said() -> None:
    turns = contents(user(), assistant(None, refusal="I will not."), user("Why?"))
    assert turns[1] == {"role": "model", "parts": [text("I will not.")]}


def test_text_beside_calls_comes_before_them() -> None:
    turns = contents(user(), {**calling(call("a")), "content": "Looking."}, result("a"))
    assert [list(part) for part in turns[1]["parts"]] == [["text"], ["functionCall", "thoughtSignature"]]


def test_thoughts_of_the_caller_are_not_sent() -> None:
    thoughtful = assistant("Yes", reasoning_content="Hm.", thinking_blocks=[{"type": "thinking", "thinking": "Hm."}])
    assert contents(user(), thoughtful)[1]["parts"] == [text("Yes")]


def test_the_signature_of_a_text_goes_back_with_its_text() -> None:
    signed = {"extra_content": {"google": {"thought_signature": "c2ln"}}}
    assert contents(user(), assistant("Yes", **signed))[1]["parts"] == [text("Yes", thoughtSignature="c2ln")]
    assert contents(user(), assistant("", **signed))[1]["parts"] == [text("", thoughtSignature="c2ln")]


@pytest.mark.parametrize("strange", ["not base64!", "", "é", 7, None])
def test_a_signature_that_is_none_is_replaced(strange: object) -> None:
    asked = {**call("a"), "extra_content": {"google": {"thought_signature": strange}}}
    assert contents(user(), calling(asked), result("a"))[1]["parts"][0]["thoughtSignature"] == STAND_IN


def test_older_models_get_the_signatures_that_callers_kept() -> None:
    turns = contents(user(), calling(call("a", signature="c2ln")), result("a"), model=FLASH)
    assert turns[1]["parts"][0]["thoughtSignature"] == "c2ln"


def test_signatures_are_renewed_where_gemini_did_not_know_them() -> None:
    signed = calling(call("a", signature="b2xk"), call("b", signature="b2xk"))
    sent = rendered(messages=[user(), signed, result("a"), result("b")]).body
    renew(sent)
    assert [part.get("thoughtSignature") for part in sent["contents"][1]["parts"]] == [STAND_IN, None]


@pytest.mark.parametrize(
    ("content", "response"),
    [
        ('{"temp": 21}', {"temp": 21}),
        ("19 C", {"output": "19 C"}),
        ("[1, 2]", {"output": "[1, 2]"}),
        ("null", {"output": "null"}),
        ("", {"output": ""}),
        ('{"a": NaN}', {"output": '{"a": NaN}'}),
        ([{"type": "text", "text": '{"a":'}, {"type": "text", "text": " 1}"}], {"a": 1}),
    ],
)
def test_a_result_is_an_object_or_a_text(content: object, response: Json) -> None:
    turns = contents(user(), calling(call("a")), result("a", content))
    assert turns[2]["parts"] == [{"functionResponse": {"id": "a", "name": "get_weather", "response": response}}]


def test_an_image_in_a_result_is_part_of_the_answer_to_gemini_3() -> None:
    picture = result("a", [image(data_url("image/png", PNG))])
    (answer,) = contents(user(), calling(call("a")), picture, model=FLASH_3)[-1]["parts"]
    assert answer["functionResponse"]["parts"][0]["inlineData"]["mimeType"] == "image/png"


def test_an_image_in_a_result_stands_beside_the_answers_of_gemini_2() -> None:
    shown, plain = result("a", [image(data_url("image/png", PNG))]), result("b", "21")
    sent = contents(user(), calling(call("a"), call("b")), shown, plain, model=FLASH)[-1]["parts"]
    assert [next(iter(part)) for part in sent] == ["functionResponse", "functionResponse", "text", "inlineData"]


def test_legacy_calls_and_results_find_each_other() -> None:
    asked = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}
    turns = contents(user(), asked, {"role": "function", "name": "f", "content": "1"})
    (called,), (answered,) = turns[1]["parts"], turns[2]["parts"]
    assert called["functionCall"]["id"] == answered["functionResponse"]["id"]
    assert answered["functionResponse"]["name"] == "f"


def test_a_name_gemini_does_not_take_is_changed_alike_everywhere() -> None:
    sent = rendered(
        tools=[tool("1st"), tool("_1st")],
        messages=[user(), calling(call("a", "1st"), call("b", "ünknown")), result("a"), result("b")],
    )
    assert [one["name"] for one in sent.body["tools"][0]["functionDeclarations"]] == ["__1st", "_1st"]
    assert [part["functionCall"]["name"] for part in sent.body["contents"][1]["parts"]] == ["__1st", "_nknown"]
    assert sent.names == {"__1st": "1st"}


def test_names_of_speakers_and_cache_marks_are_told_as_ignored() -> None:
    marked = {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}
    sent = rendered(messages=[{**user([marked]), "name": "alice"}])
    assert sent.body["contents"] == [{"role": "user", "parts": [text("Hi")]}]
    assert sent.ignored == ["messages.name", "cache_control"]
