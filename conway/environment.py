"""Reads the environment into Variables, or says everything that is wrong with it, in one sentence each.

An empty variable is an unset one. A secret may be in a file: NAME_FILE names it, as container platforms hand them out.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from pydantic import ValidationError

from conway.variables import OTHERS, Variables

OURS = "CONWAY_"
FILE = "_FILE"

FIELDS = Variables.model_fields
SECRETS = frozenset(name for name, field in FIELDS.items() if field.json_schema_extra["is_secret"])  # type: ignore[index]  # each has one
SETTABLE = (*FIELDS, *(name + FILE for name in sorted(SECRETS)))
OF_OURS = {name.removeprefix(OURS): name for name in SETTABLE}  # the prefix alone makes any two look alike

SENTENCES = {
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_parsing": "must be 1 or 0",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "literal_error": "must be {expected}",
}


def read(environment: Mapping[str, str]) -> Variables:
    """Raises ImproperlyConfigured, a line for each fault."""
    texts: dict[str, str] = {}
    faults = list(unknown(environment))
    for name in FIELDS:
        try:
            if value := value_of(name, environment):
                texts[name] = value
        except ImproperlyConfigured as error:
            faults.append(str(error))
    try:
        read = Variables.model_validate(texts)
    except ValidationError as error:
        faults += [sentence(fault, texts) for fault in error.errors()]
    if faults:
        raise ImproperlyConfigured("\n".join(faults))
    return read


def unknown(environment: Mapping[str, str]) -> Iterator[str]:
    """A misspelled name would leave the default in force, and nobody would know."""
    for name in sorted(environment):
        if name.startswith(OURS) and name not in SETTABLE and name not in OTHERS:
            near = get_close_matches(name.removeprefix(OURS), OF_OURS, n=1)
            advice = f"Did you mean {OF_OURS[near[0]]}?" if near else "docs/settings.md has them all."
            yield f"{name} is no setting. {advice}"


def value_of(name: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name, "").strip()
    path = environment.get(name + FILE, "").strip() if name in SECRETS else ""
    if not path:
        return value
    if value:
        raise ImproperlyConfigured(f"{name} and {name + FILE} are both set: one of them is enough.")
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ImproperlyConfigured(f"{name + FILE}: {path} cannot be read: {reason}.") from None


def sentence(fault: Any, texts: Mapping[str, str]) -> str:
    name = str(fault["loc"][0])
    must = SENTENCES.get(fault["type"], fault["msg"]).format(**fault.get("ctx", {}))
    return f"{name} {must}" + ("." if name in SECRETS else f", not {texts[name]!r}.")
