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


def tool_calls(name: Rule) -> Rule:
    function = record({"name": name, "arguments": text()}, ["name", "arguments"])
    return array(
        record({"id": text(least=1), "type": one_of("function"), "function": function}, ["id", "type", "function"]),
        least=1,
    )


def tools(name: Rule, most: int, **more: Rule) -> Rule:
    function = record(
        {"name": name, "description": nullable(text()), "parameters": mapping(anything), **more}, ["name"]
    )
    return array(record({"type": one_of("function"), "function": function}, ["type", "function"]), least=1, most=most)


NAMED_CHOICE = record(
    {"type": one_of("function"), "function": record({"name": text()}, ["name"])}, ["type", "function"]
)
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
