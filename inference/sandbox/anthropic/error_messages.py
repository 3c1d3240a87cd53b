"""Anthropic's sentences for what a rule found."""

from ..refusals import Refused
from ..validators import Invalid, dotted
from .models import bad

SENTENCES = {
    "missing": "Field required",
    "unknown": "Extra inputs are not permitted",
    "type": "Input should be {wanted}",
    "value": "Input should be {values}",
    "low": "Input should be greater than or equal to {expected}",
    "high": "Input should be less than or equal to {expected}",
    "short": "{kind} should have at least {expected} {unit}",
    "long": "{kind} should have at most {expected} {unit}",
    "pattern": "String should match pattern '^{expected}$'",
}
WANTED = {
    "string": "a valid string",
    "integer": "a valid integer",
    "number": "a valid number",
    "boolean": "a valid boolean",
    "array": "a valid list",
    "object": "an object",
}
SYSTEM_ROLE = (
    'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an '
    "input message role."
)


def complaint(invalid: Invalid) -> Refused:
    if invalid.problem == "value" and invalid.path[-1] == "role" and invalid.got == "system":
        return bad(SYSTEM_ROLE)
    words = invalid.words()
    is_list = isinstance(invalid.got, list)
    words |= {
        "values": " or ".join(words["values"]),
        "wanted": WANTED.get(str(invalid.expected)),
        "kind": "List" if is_list else "String",
        "unit": "items" if is_list else "characters",
    }
    place = f"{dotted(invalid.path)}: " if invalid.path else ""
    return bad(place + SENTENCES[invalid.problem].format(**words))
