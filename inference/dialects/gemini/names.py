"""Function names that Gemini takes: a letter or `_` first, then `[a-zA-Z0-9_.:-]`, 128 at most."""

import re
from collections.abc import Iterable, Mapping

from inference.dialects.tool_names import fitted

REFUSED = re.compile(r"[^a-zA-Z0-9_.:-]")
START = re.compile(r"[a-zA-Z_]")
LONGEST = 128


def fitting(name: str) -> str:
    clean = fitted(name, LONGEST, REFUSED)
    return clean if START.match(clean) else fitted(f"_{name}", LONGEST, REFUSED)


def as_sent(callers: Iterable[str]) -> dict[str, str]:
    """The caller's name of each declared function → ours. No two become the same."""
    callers = list(callers)
    sent = {name: name for name in callers if fitting(name) == name}
    taken = set(sent)
    for name in callers:
        if name not in sent:
            sent[name] = free(fitting(name), taken)
            taken.add(sent[name])
    return sent


def free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = "_" + name
    return name


def sent_name(name: str, sent: Mapping[str, str]) -> str:
    """History may name functions that are not declared any more."""
    return sent.get(name) or fitting(name)
