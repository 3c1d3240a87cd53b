"""How much of schemas Gemini compiles (docs/providers/gemini.md): what is too much for it is told in words."""

import re
from collections.abc import Iterator
from typing import Any

from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.dialects.schemas.bounds import describe
from inference.dialects.schemas.references import Schema

MOST_ITEMS = 100  # of all lists together; about a thousand is refused, without a word on why
TOO_MUCH = re.compile(r"too many states|schema.{0,40}too (?:complex|large)", re.I)
# What it says of such bounds itself: what makes a schema large for it, and the model can be told as well.
BOUNDS = {
    "maxItems": "At most {} items.",
    "minItems": "At least {} items.",
    "minimum": "At least {}.",
    "maximum": "At most {}.",
    "format": "Format: {}.",
}


def fit(rendered: ProviderRequest) -> None:
    """One bound after another makes the whole request too large, so all of them go."""
    bounded = [schema for schema in schemas(rendered.body) if is_bound(schema, "maxItems")]
    if sum(schema["maxItems"] for schema in bounded) > MOST_ITEMS:
        for schema in bounded:
            tell(schema, "maxItems")
        rendered.budget.has_fitted = True


def mend(rendered: ProviderRequest, fault: ProviderError) -> bool:
    """Whether schemas were too much for Gemini, and there was something to take out of them."""
    if fault.upstream_status != 400 or not TOO_MUCH.search(fault.said):
        return False
    found = [(schema, name) for schema in schemas(rendered.body) for name in BOUNDS if is_bound(schema, name)]
    for schema, name in found:
        tell(schema, name)
    if found:
        rendered.transform("schemas_fitted")
    return bool(found)


def is_bound(schema: Schema, name: str) -> bool:
    return isinstance(schema.get(name), int | float | str)  # a property may have that name


def tell(schema: Schema, name: str) -> None:
    if name in schema:  # one that stands in two places is told once
        describe(schema, [BOUNDS[name].format(schema.pop(name))])


def schemas(body: dict[str, Any]) -> Iterator[Schema]:
    """Every schema of the request, and every schema inside one."""
    declared = [tool for tools in body.get("tools", ()) for tool in tools["functionDeclarations"]]
    waiting: list[Any] = [tool.get("parametersJsonSchema") for tool in declared]
    waiting.append(body.get("generationConfig", {}).get("responseJsonSchema"))
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += [inner for name, inner in node.items() if name not in ("enum", "required")]
        elif isinstance(node, list):
            waiting += node
