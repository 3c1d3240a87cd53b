"""Deltas put together, and replies taken apart."""

from typing import Any

from inference.chat.reply import Choice, Delta, Facts, Gathered, Reply


def gathered(*deltas: Delta) -> Gathered:
    whole = Gathered()
    for delta in deltas:
        whole.add(delta)
    return whole


def message(*deltas: Delta) -> dict[str, Any]:
    return gathered(*deltas).choice(0).message


def start(index: int, name: str, call_id: str) -> Delta:
    call = {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": ""}}
    return Delta({"tool_calls": [call]})


def asks(index: int, arguments: str) -> Delta:
    return Delta({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]})


def test_texts_add_up() -> None:
    made = message(
        Delta({"reasoning_content": "H"}),
        Delta({"reasoning_content": "m"}),
        Delta({"content": "a"}),
        Delta({"content": "b"}),
    )
    assert made == {"role": "assistant", "content": "ab", "refusal": None, "reasoning_content": "Hm"}


def test_content_is_empty_alone_and_null_beside_calls_or_a_refusal() -> None:
    assert message()["content"] == ""
    assert message(start(0, "f", "a"))["content"] is None
    assert message(Delta({"refusal": "no"}))["content"] is None


def test_calls_add_up_by_index_in_order() -> None:
    made = message(start(1, "g", "b"), start(0, "f", "a"), asks(0, '{"x"'), asks(1, "[]"), asks(0, ":1}"))
    assert [(call["id"], call["function"]) for call in made["tool_calls"]] == [
        ("a", {"name": "f", "arguments": '{"x":1}'}),
        ("b", {"name": "g", "arguments": "[]"}),
    ]


def test_a_call_that_asked_nothing_asks_an_empty_object() -> None:
    assert message(start(0, "f", "a"))["tool_calls"][0]["function"]["arguments"] == "{}"


def test_custom_calls_keep_their_input_as_it_is() -> None:
    first = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "sql", "input": ""}}
    made = message(Delta({"tool_calls": [first]}), Delta({"tool_calls": [{"index": 0, "custom": {"input": "SELECT"}}]}))
    assert made["tool_calls"] == [{"id": "a", "type": "custom", "custom": {"name": "sql", "input": "SELECT"}}]


def test_signatures_stay_with_their_calls() -> None:
    call = {
        "index": 0,
        "id": "a",
        "type": "function",
        "function": {"name": "f"},
        "extra_content": {"google": {"thought_signature": "s"}},
    }
    assert message(Delta({"tool_calls": [call]}))["tool_calls"][0]["extra_content"] == call["extra_content"]


def test_lists_are_joined_and_other_fields_replaced() -> None:
    made = message(
        Delta({"annotations": [1]}),
        Delta({"annotations": [2]}),
        Delta({"extra_content": {"a": 1}}),
        Delta({"content": None}),
    )
    assert made["annotations"] == [1, 2] and made["extra_content"] == {"a": 1} and made["content"] == ""


def test_choices_are_kept_apart() -> None:
    whole = gathered(
        Delta({"content": "a"}, index=0),
        Delta({"content": "b"}, index=1),
        Delta(finish_reason="length", index=1),
        Delta(finish_reason="stop"),
    )
    assert [
        (choice.index, choice.message["content"], choice.finish_reason) for choice in whole.reply(Facts()).choices
    ] == [(0, "a", "stop"), (1, "b", "length")]


def test_what_was_written_counts_everything_a_model_made() -> None:
    whole = gathered(Delta({"content": "a"}), Delta({"reasoning_content": "b"}), start(0, "f", "x"), asks(0, "{}"))
    assert sorted("".join(whole.unread)) == sorted("abf{}") and whole.characters == 5
    assert not whole.empty and Gathered().empty


def test_log_probabilities_add_up() -> None:
    odds = [{"content": [1], "refusal": None}, {"content": [2], "refusal": None}]
    assert gathered(*(Delta({"content": "x"}, logprobs=each) for each in odds)).choice(0).logprobs == {
        "content": [1, 2]
    }


def test_a_reply_told_as_a_stream_adds_up_to_itself() -> None:
    made = {
        "role": "assistant",
        "content": "Hi",
        "refusal": None,
        "reasoning_content": "Hm",
        "thinking_blocks": [{"type": "thinking"}],
        "annotations": [{"type": "url_citation"}],
        "extra_content": {"google": {}},
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "b", "type": "custom", "custom": {"name": "g", "input": "x"}},
        ],
    }
    whole = Reply([Choice(made, "tool_calls")], Facts())
    deltas = list(whole.deltas())
    assert gathered(*deltas).reply(Facts()).choices == whole.choices
    assert all(len(delta.fields) + (delta.finish_reason is not None) == 1 for delta in deltas)
