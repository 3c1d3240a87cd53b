"""OpenAI's Chat Completions inwards (`POST /v1/chat/completions`): the format that the neutral form grew from.

read.py  what is not as OpenAI writes it    write.py  chunks, and the whole completion
"""

from collections.abc import Mapping

from conway.common.errors import ApiError
from inference.api.chat.read import read
from inference.api.chat.write import writer
from inference.chat.encoding import dumps
from inference.sse import KEEP_ALIVE

NAME = "chat"
ID_PREFIX = "chatcmpl-"
NAMES: Mapping[str, str] = {}


def error(failed: ApiError, request_id: str) -> bytes:
    return dumps(failed.body()).encode()


def counted(tokens: int) -> bytes:
    return dumps({"prompt_tokens": tokens}).encode()


def headers(request_id: str) -> Mapping[str, str]:
    return {}


def betas(headers: Mapping[str, str]) -> list[str]:
    return []


__all__ = ["ID_PREFIX", "KEEP_ALIVE", "NAME", "NAMES", "betas", "counted", "error", "headers", "read", "writer"]
