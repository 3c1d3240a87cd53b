"""A request is suited to a model that lacks a word for it, and the caller is told."""

import json
from typing import Any

import pytest

from inference.chat import suiting
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits

FREE = Traits(context_tokens=1000, max_output_tokens=100, forced_tools=False)
TOOLS = [{"type": "function", "function": {"name": name, "parameters": {"type": "object"}}} for name in ("see", "go")]
SEE = {"type": "function", "function": {"name": "see"}}
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [SEE]}}
USER, BEGUN = {"role": "user", "content": "Hello"}, {"role": "assistant", "content": "It is"}


def suited(traits: Traits = FREE, **fields: Any) -> ChatRequest:
    body = {"model": "m", "messages": [USER], "tools": TOOLS, **fields}
    request = ChatRequest.read(json.dumps(body).encode())
    suiting.suit(request, traits, tool_media=True)
    return request


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("required", "Call one of the tools now; do not answer in words."),
        (SEE, "Call the tool 'see' now; do not answer in words."),
        (ALLOWED, "Call one of the tools now; do not answer in words."),
    ],
)
def test_a_model_that_cannot_be_forced_is_told_to_call(choice: Any, told: str) -> None:
    request = suited(tool_choice=choice)
    assert not request.must_call
    assert [(said.role, said.content) for said in request.messages] == [("user", "Hello"), ("system", told)]
    assert request.rewritten == ["tool_choice_as_instruction"]


def test_of_allowed_tools_only_the_force_is_lost() -> None:
    allowed = suited(tool_choice=ALLOWED).allowed_tools
    assert allowed is not None
    assert (allowed.mode, allowed.tools) == ("auto", [SEE])


def test_the_words_stand_before_what_the_model_goes_on_from() -> None:
    roles = [said.role for said in suited(tool_choice="required", messages=[USER, BEGUN]).messages]
    assert roles == ["user", "system", "assistant"]


@pytest.mark.parametrize("choice", ["auto", "none", {**ALLOWED, "allowed_tools": {"mode": "auto", "tools": [SEE]}}])
def test_a_free_choice_is_left_alone(choice: Any) -> None:
    request = suited(tool_choice=choice)
    assert (len(request.messages), request.rewritten) == (1, [])


def test_a_model_that_takes_force_is_forced() -> None:
    assert suited(Traits(context_tokens=1000, max_output_tokens=100), tool_choice="required").must_call


def test_it_is_told_once_however_often_the_request_is_rendered() -> None:
    request = suited(tool_choice="required")
    suiting.suit(request, FREE, tool_media=True)
    assert len(request.messages) == 2
