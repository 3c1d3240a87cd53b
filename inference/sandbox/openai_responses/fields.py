"""What a Responses request is made of."""

from ..openai_chat.fields import FUNCTION_NAME
from ..validators import anything, array, flag, integer, mapping, nullable, number, one_of, record, tagged, text, typed

NAME = text(pattern=FUNCTION_NAME)
STATUS = nullable(one_of("in_progress", "completed", "incomplete"))

INPUT_PARTS = {
    "input_text": record({"type": anything, "text": text()}, ["text"]),
    "input_image": record(
        {"type": anything, "image_url": text(least=1), "detail": one_of("auto", "low", "high", "original")},
        ["image_url"],
    ),
    "input_file": record({"type": anything, "file_data": text(), "filename": text(), "file_url": text()}),
}
OUTPUT_PARTS = {
    "output_text": record(
        {"type": anything, "text": text(), "annotations": array(anything), "logprobs": array(anything)}, ["text"]
    ),
    "refusal": record({"type": anything, "refusal": text()}, ["refusal"]),
}
SPOKEN = {"type": anything, "role": anything}
GIVEN = record({**SPOKEN, "content": typed(string=text(), array=array(tagged("type", INPUT_PARTS)))}, ["content"])
MADE = record(
    {
        **SPOKEN,
        "id": text(pattern="msg_.*"),
        "status": STATUS,
        "phase": nullable(text()),
        "content": typed(string=text(), array=array(tagged("type", OUTPUT_PARTS))),
    },
    ["content"],
)
MESSAGE = tagged("role", {"user": GIVEN, "system": GIVEN, "developer": GIVEN, "assistant": MADE})
SUMMARY = record({"type": one_of("summary_text"), "text": text()}, ["type", "text"])
ITEM = tagged(
    "type",
    {
        "message": MESSAGE,
        "function_call": record(
            {
                "type": anything,
                "id": text(pattern="fc_.*"),
                "status": STATUS,
                "call_id": text(least=1, most=64),
                "name": NAME,
                "arguments": text(),
            },
            ["call_id", "name", "arguments"],
        ),
        "function_call_output": record(
            {
                "type": anything,
                "id": nullable(text()),
                "status": STATUS,
                "call_id": text(least=1, most=64),
                "output": typed(string=text(), array=array(tagged("type", INPUT_PARTS))),
            },
            ["call_id", "output"],
        ),
        "custom_tool_call": record(
            {"type": anything, "call_id": text(least=1, most=64), "name": NAME, "input": text()},
            ["call_id", "name", "input"],
        ),
        "custom_tool_call_output": record(
            {
                "type": anything,
                "call_id": text(least=1, most=64),
                "output": typed(string=text(), array=array(tagged("type", INPUT_PARTS))),
            },
            ["call_id", "output"],
        ),
        "reasoning": record(
            {
                "type": anything,
                "id": text(pattern="rs_.*"),
                "status": STATUS,
                "summary": array(SUMMARY),
                "content": nullable(array(anything)),
                "encrypted_content": nullable(text()),
            },
            ["id", "summary"],
        ),
    },
    default="message",
)

CUSTOM_FORMAT = tagged(
    "type",
    {
        "text": record({"type": anything}),
        "grammar": record(
            {"type": anything, "syntax": one_of("lark", "regex"), "definition": text(least=1)},
            ["syntax", "definition"],
        ),
    },
)
TOOL = tagged(
    "type",
    {
        "function": record(
            {
                "type": anything,
                "name": NAME,
                "description": nullable(text()),
                "parameters": nullable(mapping(anything)),
                "strict": nullable(flag),
            },
            ["name"],
        ),
        "custom": record({"type": anything, "name": NAME, "description": text(), "format": CUSTOM_FORMAT}, ["name"]),
    },
)
NAMED_CHOICE = record({"type": anything, "name": text()}, ["name"])
ALLOWED_CHOICE = record(
    {
        "type": anything,
        "mode": one_of("auto", "required"),
        "tools": array(record({"type": one_of("function", "custom"), "name": text()}, ["type", "name"]), least=1),
    },
    ["mode", "tools"],
)
FORMAT = tagged(
    "type",
    {
        "text": record({"type": anything}),
        "json_object": record({"type": anything}),
        "json_schema": record(
            {
                "type": anything,
                "name": NAME,
                "description": text(),
                "schema": mapping(anything),
                "strict": nullable(flag),
            },
            ["name", "schema"],
        ),
    },
)
INCLUDABLE = one_of("reasoning.encrypted_content", "message.output_text.logprobs", "message.input_image.image_url")

REQUEST = record(
    {
        "model": text(least=1),
        "input": typed(string=text(least=1), array=array(ITEM, least=1)),
        "instructions": nullable(text()),
        "max_output_tokens": nullable(integer(16)),
        "stream": nullable(flag),
        "stream_options": nullable(record({"include_obfuscation": flag})),
        "temperature": nullable(number(0, 2)),
        "top_p": nullable(number(0, 1)),
        "top_logprobs": nullable(integer(0, 20)),
        "tools": array(TOOL, most=128),
        "tool_choice": typed(
            string=one_of("none", "auto", "required"),
            object=tagged("type", {"function": NAMED_CHOICE, "custom": NAMED_CHOICE, "allowed_tools": ALLOWED_CHOICE}),
        ),
        "parallel_tool_calls": nullable(flag),
        "reasoning": nullable(
            record({"effort": nullable(text()), "summary": nullable(one_of("auto", "concise", "detailed"))})
        ),
        "text": record({"format": FORMAT, "verbosity": nullable(one_of("low", "medium", "high"))}),
        "store": nullable(flag),
        "include": nullable(array(INCLUDABLE)),
        "previous_response_id": nullable(text()),
        "metadata": nullable(mapping(text(most=512), most=16)),
        "user": text(),
        "safety_identifier": text(most=64),
        "prompt_cache_key": text(),
        "prompt_cache_retention": nullable(one_of("in_memory", "24h")),
        "service_tier": nullable(one_of("auto", "default", "flex", "scale", "priority")),
        "truncation": nullable(one_of("auto", "disabled")),
    },
    ["model", "input"],
)
