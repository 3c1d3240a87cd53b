"""The root of a tool's parameters as one object, where a provider takes no union there.

Claude: "input_schema does not support oneOf, allOf, or anyOf at the top level". Kimi wants `type: "object"` at the root
and no `type` beside `anyOf`. The branches' properties become one object's; which belong together is told in words.
"""

from typing import Any

from inference.dialects.schemas.bounds import describe
from inference.dialects.schemas.branches import distinct, merged
from inference.dialects.schemas.references import References, Schema, without

UNIONS = ("anyOf", "oneOf")


def object_root(schema: Schema, references: References, *, flat: bool) -> Schema:
    """Raises `InvalidRequest` where the parameters are no object."""
    root = references.inlined(schema)
    if flat:
        root = flattened(merged(root, references), references)
    if not is_object(root):
        raise references.rejected("the parameters must be an object")
    return root if root.get("type") == "object" else {**root, "type": "object"}


def is_object(schema: Schema) -> bool:
    kind = schema.get("type")
    return kind is None or kind == "object" or (isinstance(kind, list) and "object" in kind)


def flattened(root: Schema, references: References) -> Schema:
    """`anyOf` and `oneOf`: what every branch requires is required; `allOf` that contradicts itself: what any does."""
    whole = {name: value for name, value in root.items() if name not in (*UNIONS, "allOf")}
    for keyword in (*UNIONS, "allOf"):
        if isinstance(schemas := root.get(keyword), list):
            whole = joined(whole, branches(schemas, references), references, every=keyword == "allOf")
    return whole


def branches(schemas: list[Any], references: References) -> list[Schema]:
    """The objects among them, unions inside a branch already flat."""
    found = []
    for branch in schemas:
        if not isinstance(branch, dict):
            continue
        node = merged(references.inlined(branch), references)
        references.spend(1)
        if any(keyword in node for keyword in (*UNIONS, "allOf")):
            node = flattened(node, references)
        if is_object(node):
            found.append(node)
    return found


def joined(whole: Schema, objects: list[Schema], references: References, *, every: bool) -> Schema:
    by_name: dict[str, list[Any]] = {}
    for holder in (whole, *objects):
        for name, schema in holder.get("properties", {}).items():
            by_name.setdefault(name, []).append(schema)
    properties = {name: either(schemas) for name, schemas in by_name.items()}
    references.spend(len(properties))
    required = [set(names(branch)) for branch in objects]
    common = set.union(*required) if every and required else set.intersection(*required) if required else set()
    flat = {**without(whole, "required"), "type": "object", "properties": properties}
    asked = [*names(whole), *(name for branch in objects for name in names(branch) if name in common)]
    if asked:
        flat["required"] = list(dict.fromkeys(asked))
    for place in ("$defs", "definitions"):
        held = [holder[place] for holder in (whole, *objects) if isinstance(holder.get(place), dict)]
        if held:
            flat[place] = {name: schema for definitions in reversed(held) for name, schema in definitions.items()}
    if not every and len(objects) > 1:
        describe(flat, ["Give one of: " + "; ".join(map(sentence, objects)) + "."])
    return flat


def names(schema: Schema) -> list[str]:
    value = schema.get("required")
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def sentence(branch: Schema) -> str:
    """`f, or also g (a file)`: what a branch needs, what it may have, and what it says of itself."""
    needed = dict.fromkeys(names(branch))
    optional = [name for name in branch.get("properties", {}) if name not in needed]
    text = ", ".join(needed) or "nothing"
    text += f" and perhaps {', '.join(optional)}" if optional else ""
    title = branch.get("description") or branch.get("title")
    return f"{text} ({title.rstrip('.')})" if isinstance(title, str) and title else text


def either(schemas: list[Any]) -> Any:
    """Branches may say different things of a property of one name."""
    if len(schemas) == 1:
        return schemas[0]
    unions = [one["anyOf"] if isinstance(one, dict) and one.keys() == {"anyOf"} else [one] for one in schemas]
    known = distinct([schema for union in unions for schema in union])
    if len(known) == 1:
        return known[0]
    if all(isinstance(each, dict) and values(each) for each in known):
        return {"type": "string", "enum": list(dict.fromkeys(value for each in known for value in values(each)))}
    return {"anyOf": known}


def values(schema: Schema) -> list[str]:
    """The texts that a discriminator (`const`, `enum`) allows; nothing where it is no plain one."""
    if not schema.keys() <= {"type", "const", "enum"}:
        return []
    enum = [schema["const"]] if "const" in schema else schema.get("enum", [])
    return enum if all(isinstance(value, str) for value in enum) else []
