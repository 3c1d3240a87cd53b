"""The rules of a Messages request that no single field can tell."""

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from .message_rules import blocks, check_content, check_results, check_system
from .models import Model, bad
from .schemas import check_output_schema, check_tools
from .thinking import check_thinking, check_thinking_blocks, is_on

Body = dict[str, Any]
MARKS_MAX = 4
MAGIC = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG", "image/gif": b"GIF8", "image/webp": b"RIFF"}


def check(body: Body, model: Model) -> None:
    check_limits(body, model)
    check_sampling(body, model)
    check_effort(body, model)
    check_thinking(body, model)
    check_tools(body)
    check_messages(body, model)
    check_thinking_blocks(body)
    check_output_schema(body)
    check_marks(body)
    check_images(body)


def check_limits(body: Body, model: Model) -> None:
    if body["max_tokens"] > model.output_max:
        raise bad(
            f"max_tokens: {body['max_tokens']} > {model.output_max}, which is the maximum allowed number of "
            f"output tokens for {body['model']}"
        )
    for stop in body.get("stop_sequences", ()):
        if not stop.strip():
            raise bad("stop_sequences: each stop sequence must contain non-whitespace")


def check_sampling(body: Body, model: Model) -> None:
    for field in ("temperature", "top_p", "top_k") if not model.sampling else ():
        if field in body:
            raise bad(f"{field}: sampling parameters are not supported for this model.")
    if "temperature" in body and "top_p" in body:
        raise bad("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")


def check_effort(body: Body, model: Model) -> None:
    effort = (body.get("output_config") or {}).get("effort")
    if effort and not model.efforts:
        raise bad("This model does not support the effort parameter.")
    if effort and effort not in model.efforts:
        raise bad(
            f"output_config.effort: '{effort}' is not supported by this model. Supported: {', '.join(model.efforts)}."
        )


def check_messages(body: Body, model: Model) -> None:
    messages = body["messages"]
    if not messages:
        raise bad("messages: at least one message is required")
    if messages[0]["role"] != "user":
        raise bad('messages: first message must use the "user" role')
    if not model.system_in_messages and any(message["role"] == "system" for message in messages):
        raise bad('messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter.')
    for index, message in enumerate(messages):
        check_content(message, index, final=index == len(messages) - 1)
    check_system(body.get("system"))
    check_results(messages)
    check_tools_defined(body)
    if messages[-1]["role"] == "assistant":
        check_prefill(body, model)


def check_tools_defined(body: Body) -> None:
    used = any(
        block["type"] in ("tool_use", "tool_result") for message in body["messages"] for block in blocks(message)
    )
    if used and not body.get("tools"):
        raise bad("Requests which include `tool_use` or `tool_result` blocks must define tools.")


def check_prefill(body: Body, model: Model) -> None:
    if not model.prefill:
        raise bad(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    if is_on(body) or (body.get("output_config") or {}).get("format"):
        raise bad("Assistant message prefill cannot be combined with thinking or with output_config.format.")
    content = body["messages"][-1]["content"]
    last = content if isinstance(content, str) else content[-1].get("text", "") if content else ""
    if last != last.rstrip():
        raise bad("messages: final assistant content cannot end with trailing whitespace")


def check_marks(body: Body) -> None:
    ttls = [mark.get("ttl", "5m") for mark in marks(body)]
    if len(ttls) > MARKS_MAX:
        raise bad(f"A maximum of {MARKS_MAX} blocks with cache_control may be provided. Found {len(ttls)}.")
    if "5m" in ttls and "1h" in ttls[ttls.index("5m") :]:
        raise bad(
            "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that "
            "blocks are processed in the following order: `tools`, `system`, `messages`."
        )


def marks(body: Body) -> Iterator[Body]:
    """Cache marks in the order the prompt is made: tools, system, messages."""
    system = body.get("system")
    everything = [*body.get("tools", ()), *(system if isinstance(system, list) else ())]
    for message in body["messages"]:
        everything += blocks(message)
    yield from (block["cache_control"] for block in everything if block.get("cache_control"))
    if body.get("cache_control"):
        yield body["cache_control"]


def check_images(body: Body) -> None:
    for index, message in enumerate(body["messages"]):
        for nth, block in enumerate(blocks(message)):
            if block["type"] == "image" and block["source"]["type"] == "base64":
                check_image(block["source"], f"messages.{index}.content.{nth}.image.source.base64")


def check_image(source: Body, place: str) -> None:
    try:
        head = base64.b64decode(source["data"], validate=True)[:4]
    except (binascii.Error, ValueError):
        raise bad(f"{place}.data: The image data is not valid base64") from None
    if not head.startswith(MAGIC[source["media_type"]][:4]):
        raise bad(
            f"{place}: The image was specified using the {source['media_type']} media type, but does not "
            "appear to be one"
        )
