"""When Claude may think, and proof that the thoughts sent back are its own."""

import base64
import hashlib
from typing import Any

from .models import Model, bad

Body = dict[str, Any]
TOP_P_MIN = 0.95


def mode(body: Body) -> str:
    kind: str = (body.get("thinking") or {}).get("type", "disabled")
    return kind


def is_on(body: Body) -> bool:
    """Whether it is asked for."""
    return mode(body) not in ("disabled", "between_tools")


def thinks(body: Body, model: Model) -> bool:
    return is_on(body) or (model.thinks_unasked and "thinking" not in body)


def shows(body: Body, model: Model) -> bool:
    shown: str | None = (body.get("thinking") or {}).get("display")
    return model.shows_unasked if shown is None else shown != "omitted"


def check_thinking(body: Body, model: Model) -> None:
    if mode(body) == "adaptive" and "adaptive" not in model.thinking:
        raise bad("adaptive thinking is not supported on this model")
    if "thinking" in body and mode(body) not in model.thinking:
        raise bad(
            f'"thinking.type.{mode(body)}" is not supported for this model. Use one of {", ".join(model.thinking)} and '
            '"output_config.effort" to control thinking behavior.'
        )
    check_unthinking_effort(body)
    if not model.forced_tools and body.get("tool_choice", {}).get("type") in ("any", "tool"):
        raise bad('tool_choice: type "tool" and "any" are not supported for this model.')
    if not is_on(body):
        return
    if mode(body) == "enabled" and body["thinking"]["budget_tokens"] >= body["max_tokens"]:
        raise bad("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if body.get("temperature", 1) != 1:
        raise bad("`temperature` may only be set to 1 when thinking is enabled.")
    if "top_k" in body:
        raise bad("`top_k` must be unset when thinking is enabled.")
    if body.get("top_p", 1) < TOP_P_MIN:
        raise bad("`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.")
    if mode(body) == "enabled" and body.get("tool_choice", {}).get("type") in ("any", "tool"):
        raise bad("Thinking may not be enabled when tool_choice forces tool use.")


def check_unthinking_effort(body: Body) -> None:
    effort = (body.get("output_config") or {}).get("effort")
    if "thinking" in body and not is_on(body) and effort in ("xhigh", "max"):
        raise bad(f"output_config.effort: '{effort}' is not supported with thinking type '{mode(body)}'.")


def check_thinking_blocks(body: Body) -> None:
    """Signatures are ours; a tool loop with manual thinking goes on from a thinking block."""
    messages = body["messages"]
    for index, message in enumerate(messages):
        for nth, block in enumerate(message["content"] if isinstance(message["content"], list) else []):
            if block["type"] == "thinking" and block["signature"] != signature(block["thinking"]):
                raise bad(f"messages.{index}.content.{nth}: Invalid `signature` in `thinking` block")
    if mode(body) == "enabled" and len(messages) > 1 and ends_in_results(messages[-1]):
        first = messages[-2]["content"][0]["type"]
        if first not in ("thinking", "redacted_thinking"):
            raise bad(
                f"messages.{len(messages) - 2}.content.0.type: Expected `thinking` or `redacted_thinking`, but "
                f"found `{first}`. When `thinking` is enabled, a final `assistant` message must start with a "
                "thinking block (preceding the lastmost set of `tool_use` and `tool_result` blocks)."
            )


def ends_in_results(message: Body) -> bool:
    return isinstance(message["content"], list) and any(block["type"] == "tool_result" for block in message["content"])


def signature(thinking: str) -> str:
    return base64.b64encode(hashlib.sha512(b"sandbox" + thinking.encode()).digest()).decode()
