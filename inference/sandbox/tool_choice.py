"""Does this request want tools called, which, and with what?"""

import json
import re
from dataclasses import dataclass
from typing import Any

from .neutral_request import AUTO, NONE, REQUIRED, Ask, Tool
from .schema_samples import Sampler

ASKS_FOR_A_TOOL = re.compile(r"\b(use|call|try|run)\b.{0,40}\b(tools?|functions?)\b", re.I)
HOW_MANY = [(re.compile(r"\b(two|both|twice|2|parallel)\b", re.I), 2), (re.compile(r"\b(three|3)\b", re.I), 3)]
ORDERED = re.compile(r"\bcall (?P<name>[\w-]+) with (?=\{)")  # and its arguments as JSON
WORD_LENGTH_MIN = 5  # "weather" calls get_weather; "get" calls nothing


@dataclass(frozen=True)
class Call:
    name: str
    arguments: dict[str, Any]


def choose(ask: Ask) -> list[Call]:
    if (ordered := ordered_call(ask)) is not None:
        return [ordered]
    tools = wanted(ask)
    if not tools:
        return []
    many = next((n for pattern, n in HOW_MANY if pattern.search(ask.prompt)), 1)
    while 0 < len(tools) < many:
        tools = [*tools, tools[-1]]
    chosen = tools if ask.parallel else tools[:1]
    return [Call(tool.name, Sampler(tool.schema, ask.prompt, nth).sample()) for nth, tool in enumerate(chosen)]


def ordered_call(ask: Ask) -> Call | None:
    """What an agent is told to do word by word: `call shell with {"command": "ls"}`. Once: then its result is read."""
    if ask.choice == NONE or ask.results:
        return None
    names = {tool.name for tool in ask.tools}
    for found in ORDERED.finditer(ask.prompt):
        try:
            arguments, _ = json.JSONDecoder().raw_decode(ask.prompt, found.end())
        except ValueError:
            continue
        if found["name"] in names:
            return Call(found["name"], arguments)
    return None


def wanted(ask: Ask) -> list[Tool]:
    tools = [tool for tool in ask.tools if not ask.allowed or tool.name in ask.allowed]
    if ask.choice == NONE or not tools:
        return []
    if ask.choice not in (AUTO, REQUIRED):
        return [tool for tool in tools if tool.name == ask.choice]
    mentioned = [] if ask.results else [tool for tool in tools if is_mentioned(tool.name, ask.prompt.lower())]
    forced = ask.choice == REQUIRED or (not ask.results and ASKS_FOR_A_TOOL.search(ask.prompt))
    return mentioned or (tools[:1] if forced else [])


def is_mentioned(name: str, prompt: str) -> bool:
    if name.lower() in prompt:
        return True
    words = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
    return any(len(word) >= WORD_LENGTH_MIN and re.search(rf"\b{word}\b", prompt) for word in words)
