"""A line of the log: as text, or as JSON, an object a line. `fields` become names of that object, not prose.

log.info("answered %s", Fields(values), extra={"fields": values})
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")  # a stranger may send any other
LONGEST_ID = 100  # characters of an id that a caller made up


class Fields:
    """The fields of a line, written as text only if a handler reads them."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.values.items() if value not in (None, ""))


class Refusals(logging.Filter):
    """Django tells where it refused somebody by a traceback of sixty lines, and anybody may ask for what is not theirs:
    the line is enough. A fault of ours keeps its traceback.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        is_refusal = record.name.startswith("django.security") or (
            record.name == "django.request" and record.levelno < logging.ERROR
        )
        if is_refusal:
            record.exc_info = record.exc_text = None
        return True


class Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
        }
        fields: Mapping[str, Any] | None = record.__dict__.get("fields")
        line |= {"message": record.getMessage()} if fields is None else fields
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return json.dumps(line, default=str)


def loggable_id(value: str) -> str:
    """A caller's own request id: printable ASCII, so that it can stand in a line and be searched for."""
    return "".join(letter for letter in value[:LONGEST_ID] if " " < letter < "\x7f")
