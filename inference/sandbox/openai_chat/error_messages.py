"""OpenAI's sentences for what a rule found; its imitators put them into forms of their own."""

from ..refusals import Refused
from ..validators import Invalid, bracketed, json_type

SENTENCES = {
    "missing": ("Missing required parameter: '{path}'.", "missing_required_parameter"),
    "unknown": ("Unknown parameter: '{path}'.", "unknown_parameter"),
    "type": ("Invalid type for '{path}': expected {wanted}, but got {given} instead.", "invalid_type"),
    "value": ("Invalid value: '{got}'. Supported values are: {values}.", "invalid_value"),
    "low": (
        "Invalid '{path}': {unit} below minimum value. Expected a value >= {expected}, but got {got} instead.",
        "{unit}_below_min_value",
    ),
    "high": (
        "Invalid '{path}': {unit} above maximum value. Expected a value <= {expected}, but got {got} instead.",
        "{unit}_above_max_value",
    ),
    "short": ("Invalid '{path}': {size} too short. Expected minimum length {expected}.", "empty_{size}"),
    "long": ("Invalid '{path}': {size} too long. Expected maximum length {expected}.", "{size}_above_max_length"),
    "pattern": (
        "Invalid '{path}': string does not match pattern. Expected a string that matches the pattern '{expected}'.",
        "invalid_value",
    ),
}
WITH_ARTICLE = {
    "integer": "an integer",
    "array": "an array",
    "object": "an object",
    "string": "a string",
    "number": "a decimal",
    "boolean": "a boolean",
}
SIZES = {"array": "array", "string": "string"}


def in_openais_words(invalid: Invalid) -> Refused:
    path, words = bracketed(invalid.path), invalid.words()
    words |= {
        "path": path,
        "values": ", ".join(words["values"]),
        "wanted": WITH_ARTICLE.get(str(invalid.expected)),
        "given": WITH_ARTICLE.get(str(invalid.got), invalid.got),
        "unit": "decimal" if isinstance(invalid.got, float) else "integer",
        "size": SIZES.get(json_type(invalid.got), "object"),
    }
    sentence, code = SENTENCES[invalid.problem]
    return Refused(
        400, "invalid_request_error", sentence.format(**words), param=path or None, code=code.format(**words)
    )
