"""Google's sentences for what a rule found."""

import json
import re

from ..refusals import Refused
from ..validators import Invalid, bracketed
from .models import bad

GOOGLE = "type.googleapis.com/google.rpc."
SENTENCES = {
    "missing": "* GenerateContentRequest.{place}: {place} is not specified",
    "unknown": 'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.',
    "type": "Invalid value at '{place}' ({proto}), {shown}",
    "value": "Invalid value at '{place}' (TYPE_ENUM), {shown}",
    "low": "* GenerateContentRequest.{place}: {shown} is below the minimum of {expected}",
    "high": "* GenerateContentRequest.{place}: {shown} is above the maximum of {expected}",
    "short": "* GenerateContentRequest.{place}: must not be empty",
    "long": "* GenerateContentRequest.{place}: more than {expected} are not allowed",
    "pattern": (
        "* GenerateContentRequest.{place}: Invalid name. Must start with a letter or an underscore. Must be "
        "alphanumeric, underscores, dots, colons or dashes, with a maximum length of 128."
    ),
}
PROTO = {
    "string": "TYPE_STRING",
    "integer": "TYPE_INT32",
    "number": "TYPE_FLOAT",
    "boolean": "TYPE_BOOL",
    "array": "repeated",
    "object": "message",
}


def complaint(invalid: Invalid) -> Refused:
    if invalid.problem == "value" and invalid.path[-1] == "role":
        return bad("Please use a valid role: user, model.")
    parent, words = snake(bracketed(invalid.path[:-1])), invalid.words()
    words |= {
        "place": snake(bracketed(invalid.path)),
        "at": f" at '{parent}'" if parent else "",
        "proto": PROTO.get(str(invalid.expected)),
        "shown": json.dumps(invalid.got),
    }
    sentence = SENTENCES[invalid.problem].format(**words)
    violation = {"field": parent, "description": sentence}
    return bad(sentence, [{"@type": f"{GOOGLE}BadRequest", "fieldViolations": [violation]}])


def snake(path: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda found: "_" + found[1].lower(), path)
