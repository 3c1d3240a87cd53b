"""The parts of a chat request that OpenAI, Moonshot and Qwen share."""

from ..validators import Rule, anything, array, flag, integer, mapping, nullable, one_of, record, tagged, text, typed

FUNCTION_NAME = r"[a-zA-Z0-9_-]{1,64}"

TEXT_PART = record({"type": anything, "text": text()}, ["text"])
IMAGE_PART = record(
    {
        "type": anything,
        "image_url": record({"url": text(least=1), "detail": one_of("auto", "low", "high", "original")}, ["url"]),
    },
    ["image_url"],
)
AUDIO_PART = record(
    {"type": anything, "input_audio": record({"data": text(), "format": one_of("wav", "mp3")}, ["data", "format"])},
    ["input_audio"],
)
FILE_PART = record(
    {"type": anything, "file": record({"file_data": text(), "filename": text(), "file_id": text()})}, ["file"]
)
REFUSAL_PART = record({"type": anything, "refusal": text()}, ["refusal"])

STREAM_OPTIONS = record({"include_usage": flag})


def content(**parts: Rule) -> Rule:
    return typed(string=text(), array=array(tagged("type", parts), least=1))


def tool_calls(name: Rule, *, custom: bool = False) -> Rule:
    function = record({"name": name, "arguments": text()}, ["name", "arguments"])
    kinds = {"function": record({**CALL, "function": function}, ["id", "type", "function"])}
    if custom:
        asked = record({"name": name, "input": text()}, ["name", "input"])
        kinds["custom"] = record({**CALL, "custom": asked}, ["id", "type", "custom"])
    return array(tagged("type", kinds), least=1)


def tools(name: Rule, most: int, *, custom: bool = False, **more: Rule) -> Rule:
    function = record(
        {"name": name, "description": nullable(text()), "parameters": mapping(anything), **more}, ["name"]
    )
    kinds = {"function": record({"type": anything, "function": function}, ["type", "function"])}
    if custom:
        told = record({"name": name, "description": text(), "format": CUSTOM_FORMAT}, ["name"])
        kinds["custom"] = record({"type": anything, "custom": told}, ["type", "custom"])
    return array(tagged("type", kinds), least=1, most=most)


CALL: dict[str, Rule] = {"id": text(least=1), "type": anything}
GRAMMAR: dict[str, Rule] = {"syntax": one_of("lark", "regex"), "definition": text(least=1)}
CUSTOM_FORMAT = tagged(
    "type",
    {
        "text": record({"type": anything}),
        "grammar": record(
            {"type": anything, "grammar": record(GRAMMAR, ["syntax", "definition"])}, ["type", "grammar"]
        ),
    },
)


NAMED_CHOICE = record(
    {"type": one_of("function"), "function": record({"name": text()}, ["name"])}, ["type", "function"]
)
CUSTOM_CHOICE = record({"type": one_of("custom"), "custom": record({"name": text()}, ["name"])}, ["type", "custom"])
SCHEMA_FORMAT = record(
    {"name": text(pattern=FUNCTION_NAME), "description": text(), "schema": mapping(anything), "strict": nullable(flag)},
    ["name"],
)
FORMATS = {
    "text": record({"type": anything}),
    "json_object": record({"type": anything}),
    "json_schema": record({"type": anything, "json_schema": SCHEMA_FORMAT}, ["json_schema"]),
}
COUNT = integer(1)
