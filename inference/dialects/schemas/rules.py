"""What each provider takes of a JSON Schema. Each fact's source is in docs/providers/."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from inference.chat.budget import Budget, TooMuchHere
from inference.chat.invalid_request import InvalidRequest
from inference.dialects.schemas import compiled, drafts, openai, rewritten, unions
from inference.dialects.schemas.references import References, Schema, without

# What a schema says of itself.
ABOUT_ITSELF = ("$schema", "$id", "id", "$comment")
NO_PARAMETERS: Schema = {"type": "object", "properties": {}}


def as_it_is(schema: Schema, references: References) -> Schema:
    return schema


@dataclass(frozen=True, slots=True)
class Rules:
    """`fit` brings a schema to what is taken anywhere in it, `root` a tool's parameters to what is taken at their root.
    `flat_root`: it is no union. `always`: also a tool that takes nothing says so.
    """

    fit: Callable[[Schema, References], Schema]
    flat_root: bool
    always: bool = True
    root: Callable[[Schema], Schema] | None = None


RULES = {
    "plain": Rules(as_it_is, flat_root=False, always=False),
    "openai": Rules(openai.fit, flat_root=True, always=False, root=openai.root),
    "claude": Rules(as_it_is, flat_root=True),
    "claude_strict": Rules(compiled.fit, flat_root=True),
    "gemini": Rules(rewritten.for_gemini, flat_root=False, always=False),
    "moonshot": Rules(rewritten.for_moonshot, flat_root=True),
}


def of_tool(schema: Schema | None, rules: str, param: str, budget: Budget) -> Schema | None:
    """A tool's parameters, an object where there are any. Raises `InvalidRequest`."""
    if not schema and not RULES[rules].always:
        return schema
    return fit(schema or NO_PARAMETERS, RULES[rules], param, budget, is_tool=True)


def of_reply(schema: Schema, rules: str, param: str, budget: Budget) -> Schema:
    """The schema of a reply. Raises `InvalidRequest`."""
    return fit(schema, RULES[rules], param, budget, is_tool=False)


def fit(schema: Schema, rules: Rules, param: str, budget: Budget, *, is_tool: bool) -> Schema:
    """The bytes that a schema grows by are in the body, by which the prompt is measured."""
    try:
        mended: Any = drafts.mended(schema, param)
        references = References(mended, param, budget)
        root = unions.object_root(mended, references, flat=rules.flat_root) if is_tool else mended
        fitted = rules.fit(root, references)
    except RecursionError:
        if budget.on_loop:
            raise TooMuchHere from None
        raise InvalidRequest(f"{param}: the schema is nested too deeply.", param=param) from None
    except ValueError as error:  # a number with more digits than Python writes
        raise InvalidRequest(f"{param}: a number in the schema is too long.", param=param) from error
    if is_tool and fitted.get("type") != "object":  # a branch of `allOf` said otherwise
        fitted = {**without(fitted, "enum"), "type": "object"}
    if is_tool and rules.root:
        fitted = rules.root(fitted)
    budget.has_fitted = budget.has_fitted or not stands(schema, fitted)
    return fitted


def stands(given: Any, fitted: Any) -> bool:
    """Whether all that a schema says stands where it stood; more may stand beside it."""
    if given is fitted:
        return True
    if isinstance(given, dict):
        return isinstance(fitted, dict) and all(
            name in ABOUT_ITSELF or value in (None, []) or (name in fitted and stands(value, fitted[name]))
            for name, value in given.items()
        )
    if isinstance(given, list):
        is_list = isinstance(fitted, list) and len(fitted) == len(given)
        return is_list and all(stands(one, other) for one, other in zip(given, fitted, strict=True))
    return bool(given == fitted)
