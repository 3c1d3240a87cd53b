"""The output items of a response: what of them is whose, and which item of the response at the end is which of its
events.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from inference.dialects.untrusted_json import objects, string

Item = int | str
Place = tuple[Item, str, int]  # output item, kind of text, number of the part

# A kind of text: the caller's field, and where a part of that kind keeps its words.
TEXTS = {
    "output_text": ("content", "text"),
    "refusal": ("refusal", "refusal"),
    "summary_text": ("reasoning_content", "text"),
    "reasoning_text": ("reasoning_content", "text"),
}
# A call the caller answers: its kind, and what it says to the tool. Items of other tools are the provider's own affair.
CALLS = {"function_call": ("function", "arguments"), "custom_tool_call": ("custom", "input")}
KIND_OF_ITEM = {
    "output_text": "message", "refusal": "message", "summary_text": "reasoning", "reasoning_text": "reasoning",
    "function": "function_call", "custom": "custom_tool_call",
}  # fmt: skip


def kind_of(item: Mapping[str, Any]) -> str:
    return string(item.get("type")) or ""


def parts_of(item: Mapping[str, Any]) -> Iterable[tuple[int, dict[str, Any]]]:
    """The texts of a message or a thought, each with its number among its kind's parts; a message may be one text."""
    for parts in (item.get("summary"), item.get("content")):
        if isinstance(parts, str) and parts:
            parts = [{"type": "output_text" if kind_of(item) == "message" else "reasoning_text", "text": parts}]
        yield from enumerate(objects(parts))


def text_at(item: Mapping[str, Any], place: Place) -> str:
    """What an item says at a place that its events named."""
    _, kind, at = place
    if kind in TEXTS:
        found = (part for number, part in parts_of(item) if number == at and part.get("type") == kind)
        return string(next(found, {}).get(TEXTS[kind][1])) or ""
    return string(item.get("arguments" if kind == "function" else "input")) or ""


def recognised(
    output: list[dict[str, Any]],
    texts: Mapping[Place, list[str]],
    known: Mapping[Item, str],
    named: Mapping[str, Item],
) -> dict[Item, dict[str, Any]]:
    """The items of the response at the end, by the names their events gave them. `known`: each item's kind; `named`:
    ids and call ids → items. Without an id those of a kind come in their order. What no event told of is new.
    """
    ids = Counter(name for body in output for name in names_of(body))
    left, final = dict(sorted(known.items(), key=order)), dict[int, Item]()
    for position, body in enumerate(output):
        exact = (named[name] for name in names_of(body) if ids[name] == 1 and name in named)
        if (item := next((item for item in exact if left.get(item) == kind_of(body)), None)) is not None:
            final[position] = item
            del left[item]
    kinds = Counter(kind_of(body) for position, body in enumerate(output) if position not in final)
    for position, body in enumerate(output):
        if position not in final:
            same = [item for item, kind in left.items() if kind == kind_of(body)]
            sure = len(same) == kinds[kind_of(body)]  # all that are left of this kind: the first is the first
            found = same[:1] if sure else [item for item in same if goes_on(item, body, texts)][:1]
            final[position] = found[0] if found else f"{position} of the output" if known else position
            kinds[kind_of(body)] -= 1
            left.pop(final[position], None)
    return {final[position]: body for position, body in enumerate(output)}


def names_of(item: Mapping[str, Any]) -> list[str]:
    return [name for field in ("call_id", "id") if (name := string(item.get(field)))]


def order(known: tuple[Item, str]) -> int:
    return known[0] if isinstance(known[0], int) else 10**9


def goes_on(item: Item, body: Mapping[str, Any], texts: Mapping[Place, list[str]]) -> bool:
    return all(text_at(body, place).startswith("".join(texts[place])) for place in texts if place[0] == item)
