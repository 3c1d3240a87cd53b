"""A generateContent request in plain words."""

from typing import Any

from ..neutral_request import AUTO, NONE, REQUIRED, Ask, Tool, Usage
from ..word_tokens import count, count_json, count_media
from .models import Model
from .rules import declarations, held

Body = dict[str, Any]
CHOICES = {"AUTO": AUTO, "VALIDATED": AUTO, "ANY": REQUIRED, "NONE": NONE}


def understood(body: Body, model: Model, *, stream: bool) -> Ask:
    config = body.get("generationConfig", {})
    calling = body.get("toolConfig", {}).get("functionCallingConfig", {})
    schema = config.get("responseJsonSchema", config.get("responseSchema"))
    return Ask(
        model=model.name,
        prompt=last_user_text(body["contents"]),
        input=Usage(input=count_input(body)),
        results=trailing_results(body["contents"]),
        tools=tuple(Tool(declaration["name"], schema_of(declaration)) for declaration in declarations(body)),
        choice=CHOICES[calling.get("mode", "AUTO").upper()],
        allowed=tuple(calling.get("allowedFunctionNames", ())),
        thinks=thinks(config.get("thinkingConfig", {})),
        limit=config.get("maxOutputTokens"),
        stops=tuple(config.get("stopSequences", ())),
        json=config.get("responseMimeType") == "application/json",
        schema=schema,
        stream=stream,
        body=body,
    )


def thinks(thinking: Body) -> bool:
    """These models think unless told not to."""
    return thinking.get("thinkingBudget") != 0 and thinking.get("thinkingLevel", "").upper() != "MINIMAL"


def schema_of(declaration: Body) -> Body:
    found: Body = declaration.get("parametersJsonSchema") or declaration.get("parameters") or {}
    return found


def last_user_text(contents: list[Body]) -> str:
    for content in reversed(contents):
        spoken = [part["text"] for part in content["parts"] if "text" in part]
        if content.get("role", "user") == "user" and spoken:
            return "\n".join(spoken)
    return ""


def trailing_results(contents: list[Body]) -> tuple[str, ...]:
    """The responses of the last turn, unless the user says something after them."""
    if any("text" in part for part in contents[-1]["parts"]):
        return ()
    return tuple(", ".join(map(str, answer["response"].values())) for answer in held(contents[-1], "functionResponse"))


def count_input(body: Body) -> int:
    system = body.get("systemInstruction", {}).get("parts", [])
    parts = [*system, *(part for content in body["contents"] for part in content["parts"])]
    return max(1, sum(map(part_tokens, parts)) + count_json(body.get("tools")))


def part_tokens(part: Body) -> int:
    if "inlineData" in part:
        return count_media(part["inlineData"]["data"])
    call, answer = part.get("functionCall", {}), part.get("functionResponse", {})
    return count(part.get("text", "")) + bool(call) + count_json(call.get("args")) + count_json(answer.get("response"))
