"""The blocks of docs/site/clients.md, as a reader would copy them: what is documented is what is run."""

import re
import shlex
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "site" / "clients.md"
SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.M | re.S)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
MODELS = re.compile(r"\b(?:gpt-5\.2-codex|gpt-5\.2|claude-sonnet-4\.5|kimi-k2\.5)(?=[\"'\s])")


def block(title: str, kind: str, *, url: str, model: str = "") -> str:
    """With this gateway's address, and `model` instead of the documented one."""
    sections = dict(SECTION.findall(PAGE.read_text()))
    code = next(code for given, code in BLOCK.findall(sections[title]) if given == kind)
    code = code.replace("https://conway.example", url)
    return MODELS.sub(model, code) if model else code


def exports(code: str, key: str) -> dict[str, str]:
    """What a block of `sh` puts into the environment."""
    lines = [shlex.split(line)[1:] for line in code.splitlines() if line.startswith("export ")]
    pairs = [word.partition("=") for words in lines for word in words]
    return {name: value.replace("$CONWAY_API_KEY", key) for name, _, value in pairs}


def command(code: str, key: str) -> list[str]:
    """The last line's words behind the program's name."""
    return shlex.split(code.strip().splitlines()[-1].replace("$CONWAY_API_KEY", key))[1:]
