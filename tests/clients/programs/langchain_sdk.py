"""LangChain: OpenAI's chat model on its default and Anthropic's, bound to a tool, whole and streamed."""

import os
import sys
from pathlib import Path
from typing import Any

from documented import model
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool

URL, KEY = os.environ["CONWAY_URL"], os.environ["CONWAY_API_KEY"]


@tool
def write_file(text: str) -> str:
    """Appends to a file."""
    with Path("work.txt").open("a") as file:
        file.write(text + "\n")
    return "written"


def gathered(model: Any, messages: list[Any]) -> Any:
    whole = None
    for piece in model.stream(messages):
        whole = piece if whole is None else whole + piece
    return whole


def loop(ask: Any, prompt: str) -> None:
    messages: list[Any] = [HumanMessage(prompt)]
    called = ask(messages)
    (call,) = called.tool_calls
    messages += [called, ToolMessage(write_file.invoke(call["args"]), tool_call_id=call["id"])]
    said = ask(messages)
    assert said.usage_metadata["input_tokens"] > 0
    print(said.text if isinstance(said.text, str) else said.text())


name, prompt = sys.argv[1:]
for chat in (
    model,
    ChatAnthropic(model_name=name, base_url=URL, api_key=KEY, max_tokens=1000),
):
    bound = chat.bind_tools([write_file])
    loop(bound.invoke, prompt)
    loop(lambda messages, bound=bound: gathered(bound, messages), prompt)
