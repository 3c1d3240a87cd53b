"""An instance for a JSON Schema: valid, small, always the same. Strings are taken from the names the user mentions,
where there are any."""

import re
from typing import Any

FORMATS = {
    "date-time": "2026-11-22T12:00:00Z", "date": "2026-11-22", "time": "12:00:00Z", "duration": "PT1H",
    "email": "alice@example.com", "hostname": "example.com", "uri": "https://example.com/", "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1", "uuid": "00000000-0000-4000-8000-000000000000",
}  # fmt: skip
NAMED = re.compile(r"(?<=[\w,] )[A-Z][\w-]+")
DEPTH_MAX = 12


class Sampler:
    """`nth` varies the sample, so that two calls of one tool differ. `whole` fills optional properties too."""

    def __init__(self, schema: dict[str, Any], prompt: str = "", nth: int = 0, *, whole: bool = False) -> None:
        self.root, self.nth, self.whole = schema, nth, whole
        self.names = NAMED.findall(prompt)

    def sample(self) -> Any:
        return self.of(self.root, "value", 0)

    def of(self, schema: Any, name: str, depth: int) -> Any:
        schema = self.resolved(schema if isinstance(schema, dict) else {})
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][self.nth % len(schema["enum"])]
        for key in ("anyOf", "oneOf"):
            if schema.get(key):
                return self.of(schema[key][0], name, depth + 1)
        if schema.get("allOf"):
            return self.of(self.merged(schema), name, depth + 1)
        return self.of_type(self.type_of(schema), schema, name, depth)

    def of_type(self, kind: str, schema: dict[str, Any], name: str, depth: int) -> Any:
        if kind == "object":
            return self.an_object(schema, depth)
        if kind == "array":
            least = schema.get("minItems", 1 if depth < DEPTH_MAX else 0)
            return [self.of(schema.get("items"), name, depth + 1) for _ in range(least)]
        if kind == "string":
            return self.a_string(schema, name)
        if kind in ("integer", "number"):
            return self.a_number(schema)
        return kind == "boolean" or None

    def an_object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        required = schema.get("required", [])
        wanted = properties if self.whole and depth < DEPTH_MAX else required
        return {name: self.of(properties.get(name), name, depth + 1) for name in wanted}

    def a_string(self, schema: dict[str, Any], name: str) -> str:
        if schema.get("format") in FORMATS:
            return FORMATS[schema["format"]]
        text = self.names[self.nth % len(self.names)] if self.names else f"{name} {self.nth + 1}"
        return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]

    def a_number(self, schema: dict[str, Any]) -> float:
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
        step = schema.get("multipleOf")
        value: float = low + self.nth if step is None else step * -(-low // step)
        most: float = schema.get("maximum", value)
        return min(value, most)

    def type_of(self, schema: dict[str, Any]) -> str:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        first: str = kind[0] if isinstance(kind, list) else kind
        return first.lower()

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        for _ in range(DEPTH_MAX):
            if "$ref" not in schema:
                break
            target: Any = self.root
            for step in schema["$ref"].lstrip("#/").split("/"):
                target = target.get(step, {}) if step else target
            schema = target
        return schema

    def merged(self, schema: dict[str, Any]) -> dict[str, Any]:
        merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
        for part in map(self.resolved, schema["allOf"]):
            properties = {**merged.get("properties", {}), **part.get("properties", {})}
            required = [*merged.get("required", []), *part.get("required", [])]
            merged = {**merged, **part, "properties": properties, "required": required}
        return merged
