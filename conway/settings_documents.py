"""docs/settings.md and .env.example, as conway/variables.py has them."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from conway.environment import SECRETS
from conway.variables import SECTIONS, Section

ROOT = Path(__file__).parent.parent
WIDTH = 120

SETTINGS_HEAD = """# Settings

All from the environment, all with a default. This page and `.env.example` are made of `conway/variables.py` by
`manage.py document_settings`; a test holds them to it.

* An empty variable is an unset one. Lists have blanks or commas between their items.
* A name that begins with `CONWAY_` and is none of these is an error: a misspelled one would be silently without effect.
* A *secret* may be in a file instead, as container platforms and systemd hand them out: `OPENAI_API_KEY_FILE=/run/key`
  in place of `OPENAI_API_KEY`. Both at once is an error.
* A provider may have *several keys*, with blanks between (in a file, a line each): they take turns. One that is refused
  (401) rests for ten minutes, one that is used up (429) for as long as the provider says; the request goes on with the
  next at once.
"""

EXAMPLE_HEAD = """# Read by `make run` and by deploy/systemd. `manage.py` commands take the environment as it is.
# Everything here may be left out. docs/settings.md says more. A secret may be in a file: NAME_FILE=/path for NAME.
"""


def settings_page() -> str:
    return "\n".join([SETTINGS_HEAD, *(line for section in SECTIONS for line in table(section))])


def table(section: type[Section]) -> Iterator[str]:
    title, _, more = heading(section).partition(". ")
    yield f"## {title.rstrip('.')}\n"
    if more:
        yield f"{more}\n"
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    for name, field in own_fields(section):
        secret = " (secret)" if name in SECRETS else ""
        yield f"| `{name}` | {f'`{text}`' if (text := shown(field.default)) else ''} | {field.description}{secret} |"
    yield ""


def env_example() -> str:
    return "\n".join([EXAMPLE_HEAD, *(line for section in SECTIONS for line in assignments(section))])


def assignments(section: type[Section]) -> Iterator[str]:
    yield from comment(f"== {heading(section)}")
    for name, field in own_fields(section):
        yield from comment(str(field.description))
        yield f"#{name}={quoted(extra(field)['example'] or shown(field.default))}"
    yield ""


def quoted(value: str) -> str:
    """The value in quotes that a shell reads, and systemd."""
    return f'"{value}"' if set(value) & set(" <>&;") else value


def heading(section: type[Section]) -> str:
    return " ".join((section.__doc__ or "").split())


def own_fields(section: type[Section]) -> list[tuple[str, FieldInfo]]:
    return list(section.model_fields.items())


def extra(field: FieldInfo) -> dict[str, Any]:
    assert isinstance(field.json_schema_extra, dict)
    return field.json_schema_extra


def shown(default: Any) -> str:
    if default is None:
        return ""
    if isinstance(default, tuple):
        return " ".join(default)
    return str(int(default)) if isinstance(default, bool) else str(default)


def comment(text: str) -> list[str]:
    text = text[:1].upper() + text[1:]
    return textwrap.wrap(text, WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False)


DOCUMENTS = {ROOT / "docs" / "settings.md": settings_page, ROOT / ".env.example": env_example}
