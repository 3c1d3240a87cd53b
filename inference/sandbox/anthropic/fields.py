"""What a Messages request is made of."""

from ..validators import anything, array, flag, integer, mapping, nullable, number, one_of, record, tagged, text, typed

TOOL_ID = text(pattern=r"[a-zA-Z0-9_-]+")
NAME = text(pattern=r"[a-zA-Z0-9_-]{1,128}")
CACHE = nullable(record({"type": one_of("ephemeral"), "ttl": one_of("5m", "1h")}, ["type"]))
BLOCK = {"type": anything, "cache_control": CACHE}

IMAGE_TYPE = one_of("image/jpeg", "image/png", "image/gif", "image/webp")
URL_SOURCE = record({"type": anything, "url": text(pattern=r"https://.+")}, ["url"])
IMAGE_SOURCE = tagged(
    "type",
    {
        "base64": record({"type": anything, "media_type": IMAGE_TYPE, "data": text(least=1)}, ["media_type", "data"]),
        "url": URL_SOURCE,
    },
)
DOCUMENT_SOURCE = tagged(
    "type",
    {
        "base64": record(
            {"type": anything, "media_type": one_of("application/pdf"), "data": text(least=1)}, ["media_type", "data"]
        ),
        "text": record(
            {"type": anything, "media_type": one_of("text/plain"), "data": text(least=1)}, ["media_type", "data"]
        ),
        "url": URL_SOURCE,
    },
)

TEXT_BLOCK = record({**BLOCK, "text": text(), "citations": nullable(array(anything))}, ["text"])
IMAGE_BLOCK = record({**BLOCK, "source": IMAGE_SOURCE}, ["source"])
DOCUMENT_BLOCK = record(
    {**BLOCK, "source": DOCUMENT_SOURCE, "title": nullable(text()), "context": nullable(text()), "citations": anything},
    ["source"],
)
RESULT_BLOCK = record(
    {
        **BLOCK,
        "tool_use_id": TOOL_ID,
        "is_error": flag,
        "content": typed(
            string=text(),
            array=array(tagged("type", {"text": TEXT_BLOCK, "image": IMAGE_BLOCK, "document": DOCUMENT_BLOCK})),
        ),
    },
    ["tool_use_id"],
)
USE_BLOCK = record({**BLOCK, "id": TOOL_ID, "name": NAME, "input": mapping(anything)}, ["id", "name", "input"])
THINKING_BLOCK = record({"type": anything, "thinking": text(), "signature": text()}, ["thinking", "signature"])
REDACTED_BLOCK = record({"type": anything, "data": text(least=1)}, ["data"])

USER_BLOCKS = {"text": TEXT_BLOCK, "image": IMAGE_BLOCK, "document": DOCUMENT_BLOCK, "tool_result": RESULT_BLOCK}
ASSISTANT_BLOCKS = {
    "text": TEXT_BLOCK,
    "thinking": THINKING_BLOCK,
    "redacted_thinking": REDACTED_BLOCK,
    "tool_use": USE_BLOCK,
}
MESSAGE = tagged(
    "role",
    {
        "user": record(
            {"role": anything, "content": typed(string=text(), array=array(tagged("type", USER_BLOCKS)))}, ["content"]
        ),
        "assistant": record(
            {"role": anything, "content": typed(string=text(), array=array(tagged("type", ASSISTANT_BLOCKS)))},
            ["content"],
        ),
        "system": record(
            {"role": anything, "content": typed(string=text(), array=array(tagged("type", {"text": TEXT_BLOCK})))},
            ["content"],
        ),
    },
)

OWN_TOOL = {"type": anything, "name": NAME, "cache_control": CACHE, "strict": flag, "input_examples": array(anything)}
SCREEN = {
    **OWN_TOOL,
    "display_width_px": integer(1),
    "display_height_px": integer(1),
    "display_number": nullable(integer(0)),
}
SCREEN_SIZE = ("name", "display_width_px", "display_height_px")
EDITOR = record({**OWN_TOOL, "max_characters": nullable(integer(1))}, ["name"])
CUSTOM_TOOL = record(
    {
        "type": nullable(one_of("custom")),
        "name": NAME,
        "description": text(),
        "input_schema": mapping(anything),
        "strict": flag,
        "cache_control": CACHE,
    },
    ["name", "input_schema"],
)
TOOL = tagged(
    "type",
    {
        "custom": CUSTOM_TOOL,
        "bash_20250124": record(OWN_TOOL, ["name"]),
        "memory_20250818": record(OWN_TOOL, ["name"]),
        "text_editor_20250124": record(OWN_TOOL, ["name"]),
        "text_editor_20250429": record(OWN_TOOL, ["name"]),
        "text_editor_20250728": EDITOR,
        "computer_20250124": record(SCREEN, SCREEN_SIZE),
        "computer_20251124": record({**SCREEN, "enable_zoom": flag}, SCREEN_SIZE),
    },
    default="custom",
)
PARALLEL = {"type": anything, "disable_parallel_tool_use": flag}
TOOL_CHOICE = tagged(
    "type",
    {
        "auto": record(PARALLEL),
        "any": record(PARALLEL),
        "tool": record({**PARALLEL, "name": text()}, ["name"]),
        "none": record({"type": anything}),
    },
)
DISPLAY = nullable(one_of("summarized", "omitted"))
THINKING = tagged(
    "type",
    {
        "enabled": record({"type": anything, "budget_tokens": integer(1024), "display": DISPLAY}, ["budget_tokens"]),
        "adaptive": record({"type": anything, "display": DISPLAY}),
        "disabled": record({"type": anything}),
        "between_tools": record({"type": anything, "display": DISPLAY}),
    },
)
OUTPUT_FORMAT = record({"type": one_of("json_schema"), "schema": mapping(anything)}, ["type", "schema"])

REQUEST = record(
    {
        "model": text(least=1),
        "max_tokens": integer(1),
        "messages": array(MESSAGE),
        "system": typed(string=text(), array=array(tagged("type", {"text": TEXT_BLOCK}))),
        "stream": flag,
        "temperature": number(0, 1),
        "top_p": number(0, 1),
        "top_k": integer(0),
        "stop_sequences": array(text()),
        "tools": array(TOOL),
        "tool_choice": TOOL_CHOICE,
        "thinking": THINKING,
        "output_config": record(
            {"effort": nullable(one_of("low", "medium", "high", "xhigh", "max")), "format": nullable(OUTPUT_FORMAT)}
        ),
        "metadata": record({"user_id": nullable(text(most=256))}),
        "service_tier": one_of("auto", "standard_only"),
        "cache_control": CACHE,
    },
    ["model", "max_tokens", "messages"],
)
