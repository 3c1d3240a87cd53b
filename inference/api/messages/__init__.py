"""Anthropic's Messages API inwards (`POST /v1/messages`): what Claude Code and Anthropic's SDKs speak.

read.py     the body's fields            write.py   the reply, whole or in events
turns.py    turns, block by block        errors.py  failures
content.py  texts, images, documents     tools.py   tools and the choice of one
"""

from collections.abc import Mapping

from inference.api.messages.errors import error
from inference.api.messages.read import read
from inference.api.messages.write import KEEP_ALIVE, writer
from inference.chat.encoding import dumps

NAME = "messages"
ID_PREFIX = "msg_"
NAMES: Mapping[str, str] = {
    "stop": "stop_sequences",
    "effort": "output_config.effort",
    "reasoning_effort": "output_config.effort",
    "response_format": "output_config.format",
    "parallel_tool_calls": "tool_choice.disable_parallel_tool_use",
    "user": "metadata.user_id",
}
BETAS = 64  # names of one request that are read


def counted(tokens: int) -> bytes:
    return dumps({"input_tokens": tokens}).encode()


def headers(request_id: str) -> Mapping[str, str]:
    return {"request-id": request_id}


def betas(headers: Mapping[str, str]) -> list[str]:
    names = [name.strip() for name in headers.get("anthropic-beta", "").split(",")[:BETAS]]
    return [name for name in names if name]


__all__ = ["ID_PREFIX", "KEEP_ALIVE", "NAME", "NAMES", "betas", "counted", "error", "headers", "read", "writer"]
