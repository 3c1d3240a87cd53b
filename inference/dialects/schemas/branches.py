"""`allOf`: what a schema says in several branches at once."""

from inference.dialects.schemas.references import References, Schema

DEEPEST = 50
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
    for branch in branches:
        if not isinstance(branch, dict):
            return node
        if not combine(whole, merged(references.inlined(branch), references, depth + 1)):
            return node
    return whole


def combine(whole: Schema, branch: Schema) -> bool:
    """Adds a branch of `allOf`; False where the two say different things with the same keyword."""
    for keyword, value in branch.items():
        here = whole.setdefault(keyword, value)
        if here == value or keyword in FIRST_WINS:
            continue
        if keyword == "required" and isinstance(here, list) and isinstance(value, list):
            whole[keyword] = here + [name for name in value if name not in here]
        elif keyword in MERGED_BY_NAME and isinstance(here, dict) and isinstance(value, dict) and agree(here, value):
            whole[keyword] = {**here, **value}
        else:
            return False
    return True


def agree(one: Schema, other: Schema) -> bool:
    return all(one[name] == other[name] for name in one.keys() & other.keys())


def overlaid(one: Schema, other: Schema) -> Schema:
    """Two branches of an `allOf` as one schema; where both speak, the later one is heard."""
    both = {**one, **other}
    if isinstance(one.get("properties"), dict) and isinstance(other.get("properties"), dict):
        both["properties"] = {**one["properties"], **other["properties"]}
    if isinstance(one.get("required"), list) and isinstance(other.get("required"), list):
        both["required"] = one["required"] + other["required"]
    return both
