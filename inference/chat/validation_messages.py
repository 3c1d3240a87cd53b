"""What is wrong with a request, in a sentence: pydantic's errors through a table, and text that nobody can store."""

from typing import Any

from pydantic import ValidationError

from inference.chat.invalid_request import InvalidRequest

# pydantic's error type → (our code, the sentence; {at} is the place, the rest comes from the error's context)
SENTENCES = {
    "missing": ("missing_required_parameter", "Missing required parameter: '{at}'."),
    "string_type": ("invalid_type", "{at} must be a string."),
    "int_type": ("invalid_type", "{at} must be an integer."),
    "int_from_float": ("invalid_type", "{at} must be an integer."),
    "float_type": ("invalid_type", "{at} must be a number."),
    "bool_type": ("invalid_type", "{at} must be true or false."),
    "list_type": ("invalid_type", "{at} must be an array."),
    "dict_type": ("invalid_type", "{at} must be an object."),
    "model_type": ("invalid_type", "{at} must be an object."),
    "model_attributes_type": ("invalid_type", "{at} must be an object."),
    "literal_error": ("invalid_value", "{at} must be one of {expected}."),
    "union_tag_invalid": ("invalid_value", "{at} has the unknown type '{tag}'; it must be one of {expected_tags}."),
    "union_tag_not_found": ("missing_required_parameter", "{at} needs a 'type'."),
    "too_short": ("invalid_value", "{at} must not be empty."),
    "string_too_short": ("invalid_value", "{at} must not be empty."),
    "string_too_long": ("invalid_value", "{at} is longer than {max_length} characters."),
    "string_pattern_mismatch": ("invalid_value", "{at} must match {pattern}."),
    "greater_than_equal": ("invalid_value", "{at} must be at least {ge}."),
    "less_than_equal": ("invalid_value", "{at} must be at most {le}."),
    "finite_number": ("invalid_value", "{at} must be a finite number."),
}
# Where a value was found: the way to what holds it, and its name or number there.
Steps = tuple[Any, int | str] | None

# The names pydantic gives to the arms of a union mean nothing to a caller.
ARMS = ("text", "parts", "str", "NamedChoice", "NamedFunction", "image_url", "input_audio", "file", "refusal")


def sentence(error: ValidationError) -> InvalidRequest:
    """The deepest error: in a union, it is the arm the caller meant."""
    worst = max(error.errors(include_url=False, include_input=False), key=lambda found: len(found["loc"]))
    code, text = SENTENCES.get(
        worst["type"],
        ("invalid_value", "{at}: " + worst["msg"].rstrip(".").replace("{", "{{").replace("}", "}}") + "."),
    )
    at = place(worst["loc"])
    return InvalidRequest(text.format(at=at, **worst.get("ctx", {})), param=str(worst["loc"][0]), code=code)


def place(loc: tuple[int | str, ...]) -> str:
    """`("messages", 2, "content", "parts", 0, "text")` → `messages[2].content[0].text`."""
    steps = [step for at, step in enumerate(loc) if isinstance(step, int) or not arm(loc, at)]
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def arm(loc: tuple[int | str, ...], at: int) -> bool:
    step, before = str(loc[at]), loc[at - 1] if at else None
    return step.startswith(("literal[", "list[", "constrained")) or (
        step in ARMS and (isinstance(before, int) or before in ("content", "stop", "tool_choice", "function_call"))
    )


def may_hold_nul(body: bytes) -> bool:
    """Cheap and never wrong in saying no; in saying yes it is sometimes mistaken."""
    return b"\\u0000" in body


def refuse_nul(fields: Any) -> None:
    """PostgreSQL stores no NUL, and providers cut the text there."""
    waiting: list[tuple[Any, Steps]] = [(fields, None)]
    while waiting:
        value, steps = waiting.pop()
        if isinstance(value, str):
            if "\0" in value:
                raise holds_nul(steps)
        elif isinstance(value, dict):
            if any("\0" in name for name in value):
                raise holds_nul(steps)
            waiting += ((inner, (steps, name)) for name, inner in reversed(value.items()))
        elif isinstance(value, list):
            waiting += ((inner, (steps, index)) for index, inner in reversed(list(enumerate(value))))


def holds_nul(steps: Steps) -> InvalidRequest:
    """`steps` leads from the value up to the request."""
    path: list[int | str] = []
    while steps is not None:
        steps, step = steps
        path.append(step)
    path.reverse()
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".") or "A field name"
    param = str(path[0]) if path else None
    return InvalidRequest(f"{where} contains a NUL character (\\u0000).", param=param, code="invalid_value")
