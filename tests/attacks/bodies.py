"""Bodies that grow: each list, each map, each string, nesting and references, by how many of the thing they hold.

And, for a process of the pool, what it says of itself.
"""

import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Fields = dict[str, Any]
PNG = "data:image/png;base64,iVBORw0KGgo"


def said(content: Any, **more: Any) -> Fields:
    return {"messages": [{"role": "user", "content": content, **more}]}


def tool(parameters: Any, name: str = "f", **more: Any) -> Fields:
    return {"type": "function", "function": {"name": name, "parameters": parameters, **more}}


def tools(parameters: Any, **more: Any) -> Fields:
    return {**said("x"), "tools": [tool(parameters, **more)]}


def form(schema: Any) -> Fields:
    return {
        **said("x"),
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}},
    }


def called(count: int, arguments: str = "{}", name: str = "f", call_id: str = "c{}") -> Fields:
    """So many rounds of a call and its answer."""
    turns: list[Fields] = [{"role": "user", "content": "x"}]
    for at in range(count):
        function = {"name": name.format(at), "arguments": arguments}
        turns.append({"role": "assistant", "tool_calls": [{"id": call_id.format(at), "function": function}]})
        turns.append({"role": "tool", "tool_call_id": call_id.format(at), "content": "y"})
    return {"messages": turns}


def legacy(count: int) -> Fields:
    turns: list[Fields] = [{"role": "user", "content": "x"}]
    turns += [{"role": "assistant", "function_call": {"name": f"f{at}", "arguments": "{}"}} for at in range(count)]
    turns += [{"role": "function", "name": f"f{at}", "content": "y"} for at in range(count)]
    return {"messages": turns}


def parallel(count: int) -> Fields:
    calls = [{"id": f"c{at}", "function": {"name": "f", "arguments": "{}"}} for at in range(count)]
    answers = [{"role": "tool", "tool_call_id": f"c{at}", "content": "y"} for at in range(count)]
    return {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": calls}, *answers]}


def remembered(count: int) -> Fields:
    steps = [{"type": "message", "length": 1} for _ in range(count)]
    kept = {"openai": {"model": "gpt-5.2-codex", "output": steps}}
    return {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y" * count,
                          "extra_content": kept}, {"role": "user", "content": "x"}]}  # fmt: skip


def doubling(count: int) -> Fields:
    """Each definition names the next one twice: a kilobyte that stands for 2**count schemas."""
    definitions: Fields = {f"d{at}": {"allOf": [{"$ref": f"#/$defs/d{at + 1}"}] * 2} for at in range(count)}
    return {"allOf": [{"$ref": "#/$defs/d0"}], "$defs": {**definitions, f"d{count}": {"type": "object"}}}


def chain(count: int) -> Fields:
    definitions: Fields = {f"d{at}": {"$ref": f"#/$defs/d{at + 1}"} for at in range(count)}
    return {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}},
            "$defs": {**definitions, f"d{count}": {"type": "string"}}}  # fmt: skip


def branches(count: int) -> Fields:
    return {"type": "object", "allOf": [{"properties": {f"p{at}": {"type": "string"}}, "required": [f"p{at}"]}
                                        for at in range(count)]}  # fmt: skip


def pointers(count: int) -> Fields:
    """Many ways to write a pointer to one large definition, each to be written out."""
    large = {"enum": [str(at) for at in range(1000)], "description": "d" * 10_000}
    named = {f"p{at}": {"allOf": [{"$ref": f"#{at}/$defs/a"}, {"title": "t"}]} for at in range(count)}
    return {"type": "object", "properties": named, "$defs": {"a": large}}


def described(count: int) -> Fields:
    named = {f"p{at}": {"$ref": "#/$defs/a", "description": f"d{at}"} for at in range(count)}
    return {"type": "object", "properties": named, "$defs": {"a": {"type": "string"}}}


def pointing(count: int) -> Fields:
    """Each definition only points to the next, and each is described: the last one holds all the words."""
    named = {f"p{at}": {"$ref": f"#/$defs/d{at}", "description": f"d{at}"} for at in range(count)}
    each = {f"d{at}": {"$ref": f"#/$defs/d{at + 1}"} for at in range(count)}
    return {"type": "object", "properties": named, "$defs": {**each, f"d{count}": {"type": "string"}}}


def alternatives(count: int) -> Fields:
    """A root union whose branches say different things of one property, and have one of their own."""
    return {"anyOf": [{"properties": {"kind": {"const": f"k{at}"}, "p": {"minLength": at}, f"q{at}": {}},
                       "required": ["kind"], "$defs": {f"d{at}": {}}} for at in range(count)]}  # fmt: skip


def beside_a_union(count: int) -> Fields:
    """What stands beside a union goes into each of its branches, for Kimi."""
    inner = {**properties(count), "enum": ["e"] * count, "anyOf": [{"title": f"t{at}"} for at in range(count)]}
    return {"type": "object", "properties": {"a": inner}}


def twins(depth: int) -> Fields:
    """Unions in unions, whose branches are compared with each other."""
    large = {"enum": [str(at) for at in range(200)]}
    return {**nested(depth, lambda inner: {"anyOf": [inner, {"anyOf": [large]}]}), "title": "t"}


def shown(count: int) -> Fields:
    turns: list[Fields] = called(count)["messages"]
    picture = {"type": "image_url", "image_url": {"url": PNG + "AAA"}}
    return {"messages": [{**turn, "content": [picture]} if turn["role"] == "tool" else turn for turn in turns]}


def items(count: int) -> Fields:
    pairs = [({"type": "function_call", "call_id": f"c{at}", "name": "f", "arguments": "{}"},
              {"type": "function_call_output", "call_id": f"c{at}", "output": "y"}) for at in range(count)]  # fmt: skip
    return {"input": [{"role": "user", "content": "x"}, *(item for pair in pairs for item in pair)]}


def same_ids(count: int) -> Fields:
    given = parallel(count)["messages"]
    calls = [{**call, "id": "c"} for call in given[1]["tool_calls"]]
    return {"messages": [given[0], {**given[1], "tool_calls": calls}, *({**a, "tool_call_id": "c"} for a in given[2:])]}


def properties(count: int) -> Fields:
    names = [f"p{at}" for at in range(count)]
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}


def definitions(count: int) -> Fields:
    """Each demands all it has: the search for cycles looks at every one."""
    each = {f"d{at}": {"properties": {"a": {"$ref": f"#/$defs/d{at + 1}"}}, "required": ["a"]} for at in range(count)}
    return {"type": "object", "$defs": {**each, f"d{count}": {"type": "string"}}}


def nested(depth: int, around: Callable[[Any], Any]) -> Any:
    value: Any = {"type": "string"}
    for _ in range(depth):
        value = around(value)
    return value


def objects(inner: Any) -> Fields:
    return {"type": "object", "properties": {"a": inner}, "required": ["a"]}


def lists(inner: Any) -> Fields:
    return {"type": "array", "items": inner}


def image(url: str) -> Fields:
    return said([{"type": "image_url", "image_url": {"url": url}}])


def thoughts(count: int) -> Fields:
    blocks = [{"type": "thinking"}] * count
    said_so = {"role": "assistant", "content": "y", "thinking_blocks": blocks}
    return {"messages": [{"role": "user", "content": "x"}, said_so, {"role": "user", "content": "x"}]}


def allowed(count: int) -> Fields:
    named = [{"type": "function", "function": {"name": f"f{at}"}} for at in range(count)]
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": named}}
    return {**said("x"), "tools": [tool({"type": "object"}, f"f{at}") for at in range(count)], "tool_choice": choice}


def nul(depth: int) -> Fields:
    return {**said("x"), "metadata": nested(depth, lambda inner: {"n" * 5_000: inner, "o": "\0"})}


Shape = tuple[int, Callable[[int], Fields]]

# name → (how many it begins with, the fields of a body with so many). Twice as many is refused, or about as many as
# there may be. These every dialect writes in a way of its own,
WRITTEN: dict[str, Shape] = {
    "messages": (2_000, lambda n: {"messages": [{"role": "user", "content": "hi"}] * n}),
    "content parts": (2_000, lambda n: said([{"type": "text", "text": "hi"}] * n)),
    "rounds of calls": (700, called),
    "rounds with one id": (700, lambda n: called(n, call_id="c")),
    "names that look alike": (700, lambda n: called(n, name="\x01" * 70 + "{}")),
    "parallel calls": (1_000, parallel),
    "JSON in arguments": (25_000, lambda n: called(1, arguments=json.dumps({"a": [[]] * n}))),
    "JSON in many arguments": (200, lambda n: called(n, arguments=json.dumps({"a": [[]] * 300}))),
    "tools": (512, lambda n: {**said("x"), "tools": [tool(objects({"type": "string"}), f"f{at}") for at in range(n)]}),
    "allowed tools": (500, allowed),
    "properties of a schema": (2_500, lambda n: form(properties(n))),
    "properties of a tool": (2_500, lambda n: tools(properties(n), strict=True)),
    "branches of allOf": (2_000, lambda n: tools(branches(n), strict=True)),
    "references that double, in a format": (16, lambda n: form(doubling(n))),
    "references that double, in a tool": (16, lambda n: tools(doubling(n))),
    "references in a chain": (2_000, lambda n: form(chain(n))),
    "references to one large schema": (500, lambda n: form(pointers(n))),
    "words beside references": (4_000, lambda n: tools(described(n))),
    "pointers to pointers": (1_500, lambda n: tools(pointing(n))),
    "branches of a root union": (1_500, lambda n: tools(alternatives(n))),
    "branches beside properties": (150, lambda n: tools(beside_a_union(n))),
    "unions in unions": (20, lambda n: tools({"type": "object", "properties": {"a": twins(n)}})),
    "pictures in results": (700, shown),
    "calls with one id": (1_000, same_ids),
    "items in place of messages": (700, items),
    "definitions that demand the next": (2_000, lambda n: tools(definitions(n))),
    "nested objects": (60, lambda n: form(nested(n, objects))),
    "nested lists": (120, lambda n: tools({"type": "object", "properties": {"a": nested(n, lists)}}, strict=True)),
    "base64": (2_000_000, lambda n: image(PNG + "A" * (4 * (n // 4) - 3))),
}
# and these are read before anyone knows which dialect will write them, or written by all alike.
READ: dict[str, Shape] = {
    "empty lists as messages": (30_000, lambda n: {"messages": [[]] * n}),
    "wrong messages": (4_000, lambda n: {"messages": [{"role": 5, "content": 5}] * n}),
    "wrong parts": (4_000, lambda n: said([{}] * n)),
    "legacy calls": (2_000, legacy),
    "thinking blocks": (4_000, thoughts),
    "remembered steps": (15_000, remembered),
    "unknown fields": (30_000, lambda n: {**said("x"), **{f"u{at}": 1 for at in range(n)}}),
    "stop strings": (500, lambda n: {**said("x"), "stop": [f"s{at}" for at in range(n)]}),
    "logit biases": (2_000, lambda n: {**said("x"), "logit_bias": {str(at): "wrong" for at in range(n)}}),
    "metadata": (20_000, lambda n: {**said("x"), "metadata": {f"m{at}": "v" for at in range(n)}}),
    "an enum": (20_000, lambda n: tools({"properties": {"a": {"enum": [str(at) for at in range(n)]}}})),
    "an enum of empty lists": (45_000, lambda n: form({"enum": [[]] * n})),
    "a long prompt": (200_000, lambda n: said("word " * (n // 5))),
    "escapes": (200_000, lambda n: said('"\\\n' * (n // 3))),
    "a long field name": (2_000_000, lambda n: {**said("x"), "u" * n: 1}),
    "a long model name": (2_000_000, lambda n: {**said("x"), "model": "m" * n}),
    "a long user": (2_000_000, lambda n: {**said("x"), "user": "u" * n}),
    "a long tool name": (2_000_000, lambda n: tools({}, name="f" * n)),
    "a long description": (200_000, lambda n: tools({"type": "object", "description": "d " * (n // 2)})),
    "a long number": (2_000_000, lambda n: {**said("x"), "seed": Digits("1" * n)}),
    "base64 with spaces": (2_000_000, lambda n: image(PNG + " A" * (n // 2))),
    "a data URL of parameters": (2_000_000, lambda n: image("data:" + ";a" * n)),
    "a text document": (200_000, lambda n: said([
        {"type": "file", "file": {"file_data": "data:text/plain;base64," + "//79" * (n // 4)}}])),
    "NUL deep inside": (100, nul),
    "halves of characters": (200_000, lambda n: said("\ud83d" * (n // 6))),
    "unknown fields in messages": (4_000, lambda n: {"messages": [
        {"role": "user", "content": "x", f"u{at}": 1} for at in range(n)]}),
    "custom tools": (500, lambda n: {**said("x"), "tools": [
        {"type": "custom", "name": f"f{at}", "format": {"type": "text"}} for at in range(n)]}),
}  # fmt: skip


class Digits(float):
    """A number that is written as it stands: Python writes none of so many digits."""

    def __new__(cls, digits: str) -> "Digits":
        number = super().__new__(cls, 1.5)
        number.digits = digits
        return number

    digits: str

    def __repr__(self) -> str:
        return self.digits


def body(model: str, fields: Fields) -> bytes:
    seed = fields.get("seed")
    if isinstance(seed, Digits):
        rest = body(model, {name: value for name, value in fields.items() if name != "seed"})
        return rest[:-1] + b',"seed":' + seed.digits.encode() + b"}"
    return json.dumps({"model": model, **fields}, separators=(",", ":")).encode()


# What a process says of itself: CPU seconds since it began, and the most memory since the last time it was asked.


def cpu_and_peak() -> tuple[float, int]:
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return time.process_time(), int(peak.split()[1]) * 1024


def forget_peak() -> int:
    """What is in memory now, which is the peak from now on."""
    Path("/proc/self/clear_refs").write_text("5")
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
