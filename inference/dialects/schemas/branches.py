"""`allOf`: what a schema says in several branches at once.

What is collected is copied once and added to: a new copy for each branch would cost by the square of their number.
"""

from typing import Any

from inference.dialects.schemas.references import References, Schema

DEEPEST = 50
MOST_COMPARED = 100
FIRST_WINS = ("description", "title", "default", "examples", "additionalProperties")
MERGED_BY_NAME = ("properties", "$defs", "definitions")


def merged(node: Schema, references: References, depth: int = 0) -> Schema:
    """`allOf` as one schema where its branches do not contradict each other; else as it was."""
    branches = node.get("allOf")
    if not isinstance(branches, list):
        return node
    if depth > DEEPEST:
        raise references.recursive()
    whole = {name: value for name, value in node.items() if name != "allOf"}
    own: set[str] = set()
    for branch in branches:
        references.spend(1)
        if not isinstance(branch, dict):
            return node
        if not combine(whole, merged(references.inlined(branch), references, depth + 1), own):
            return node
    return {k: list(v) if k == "required" and k in own else v for k, v in whole.items()}


def combine(whole: Schema, branch: Schema, own: set[str]) -> bool:
    """Adds a branch of `allOf`; False where the two say different things with the same keyword.

    `own`: the keywords of `whole` whose value is a copy of ours. `required` is the keys of a dict there.
    """
    for keyword, value in branch.items():
        here: Any = whole.setdefault(keyword, value)
        if here is value or keyword in FIRST_WINS:
            continue
        if keyword == "required" and is_names(value) and (keyword in own or is_names(here)):
            whole[keyword] = here = here if keyword in own else dict.fromkeys(here)
            here.update(dict.fromkeys(value))
        elif keyword in MERGED_BY_NAME and isinstance(here, dict) and isinstance(value, dict) and agree(here, value):
            whole[keyword] = here = here if keyword in own else dict(here)
            here.update(value)
        elif here == value:
            continue
        else:
            return False
        own.add(keyword)
    return True


def is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def agree(one: Schema, other: Schema) -> bool:
    return all(name not in one or one[name] == value for name, value in other.items())


def overlaid(*branches: Schema) -> Schema:
    """The branches of an `allOf` as one schema; where several speak, the later one is heard."""
    whole: Schema = {}
    for branch in branches:
        properties, required = whole.get("properties"), whole.get("required")
        whole.update(branch)
        if isinstance(properties, dict) and isinstance(branch.get("properties"), dict):
            properties.update(branch["properties"])
            whole["properties"] = properties
        elif isinstance(branch.get("properties"), dict):
            whole["properties"] = dict(branch["properties"])
        if isinstance(required, list) and isinstance(branch.get("required"), list):
            required += branch["required"]
            whole["required"] = required
        elif isinstance(branch.get("required"), list):
            whole["required"] = list(branch["required"])
    if is_names(whole.get("required")):  # once for all branches: each name again for each of them would be quadratic
        whole["required"] = list(dict.fromkeys(whole["required"]))
    return whole


def distinct(found: list[Any]) -> list[Any]:
    """Each schema once; of very many, comparing each with each would take too long."""
    if len(found) > MOST_COMPARED:
        return found
    return [schema for at, schema in enumerate(found) if schema not in found[:at]]
