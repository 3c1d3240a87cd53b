"""What OpenAI's Chat Completions request is made of."""

from ..validators import (
    anything,
    array,
    flag,
    integer,
    mapping,
    nullable,
    number,
    one_of,
    record,
    tagged,
    text,
    typed,
)
from . import fields

NAME = text(pattern=fields.FUNCTION_NAME)
SPOKEN = {"role": anything, "name": text()}
WORDS = fields.content(text=fields.TEXT_PART)
MESSAGE = tagged(
    "role",
    {
        "developer": record({**SPOKEN, "content": WORDS}, ["content"]),
        "system": record({**SPOKEN, "content": WORDS}, ["content"]),
        "user": record(
            {
                **SPOKEN,
                "content": fields.content(
                    text=fields.TEXT_PART,
                    image_url=fields.IMAGE_PART,
                    input_audio=fields.AUDIO_PART,
                    file=fields.FILE_PART,
                ),
            },
            ["content"],
        ),
        "assistant": record(
            {
                **SPOKEN,
                "content": nullable(fields.content(text=fields.TEXT_PART, refusal=fields.REFUSAL_PART)),
                "refusal": nullable(text()),
                "tool_calls": fields.tool_calls(NAME, custom=True),
                "annotations": array(anything),
                "audio": nullable(anything),
                "function_call": nullable(anything),
            }
        ),
        "tool": record(
            {"role": anything, "content": WORDS, "tool_call_id": text(least=1)}, ["content", "tool_call_id"]
        ),
    },
)
ALLOWED = tagged("type", {"function": fields.NAMED_CHOICE, "custom": fields.CUSTOM_CHOICE})
ALLOWED_TOOLS = record(
    {
        "type": anything,
        "allowed_tools": record(
            {"mode": one_of("auto", "required"), "tools": array(ALLOWED, least=1)}, ["mode", "tools"]
        ),
    },
    ["allowed_tools"],
)
CHOICES = {"function": fields.NAMED_CHOICE, "custom": fields.CUSTOM_CHOICE, "allowed_tools": ALLOWED_TOOLS}
FIELDS = {
    "model": text(least=1),
    "messages": array(MESSAGE, least=1),
    "stream": nullable(flag),
    "stream_options": nullable(record({"include_usage": flag, "include_obfuscation": flag})),
    "max_completion_tokens": nullable(integer(1)),
    "max_tokens": nullable(integer(1)),
    "temperature": nullable(number(0, 2)),
    "top_p": nullable(number(0, 1)),
    "n": nullable(integer(1, 128)),
    "stop": nullable(typed(string=text(), array=array(text(), least=1, most=4))),
    "seed": nullable(integer()),
    "logprobs": nullable(flag),
    "top_logprobs": nullable(integer(0, 20)),
    "logit_bias": nullable(mapping(number(-100, 100))),
    "presence_penalty": nullable(number(-2, 2)),
    "frequency_penalty": nullable(number(-2, 2)),
    "tools": fields.tools(NAME, 128, custom=True, strict=nullable(flag)),
    "tool_choice": typed(
        string=one_of("none", "auto", "required"),
        object=tagged(
            "type", {"function": fields.NAMED_CHOICE, "custom": fields.CUSTOM_CHOICE, "allowed_tools": ALLOWED_TOOLS}
        ),
    ),
    "parallel_tool_calls": flag,
    "response_format": tagged("type", fields.FORMATS),
    "reasoning_effort": nullable(text()),
    "verbosity": nullable(one_of("low", "medium", "high")),
    "modalities": nullable(anything),
    "audio": nullable(anything),
    "prediction": nullable(anything),
    "web_search_options": anything,
    "metadata": nullable(mapping(text(most=512), most=16)),
    "store": nullable(flag),
    "user": text(),
    "safety_identifier": text(most=64),
    "prompt_cache_key": text(),
    "prompt_cache_retention": nullable(one_of("in_memory", "24h")),
    "service_tier": nullable(one_of("auto", "default", "flex", "scale", "priority")),
}
REQUEST = record(FIELDS, ["model", "messages"])
