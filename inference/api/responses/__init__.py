"""OpenAI's Responses API inwards (`POST /v1/responses`), stateless: what Codex CLI speaks, and newer SDKs by default.

read.py   the body's fields              write.py   the reply, whole or in events
items.py  input items, one by one        output.py  its items as they open, grow and close
parts.py  texts, images, files           echo.py    what a response repeats of its request
tools.py  tools and the choice of one
"""

from collections.abc import Mapping

from conway.common.errors import ApiError
from inference.api.responses.read import read
from inference.api.responses.write import writer
from inference.chat.encoding import dumps
from inference.sse import KEEP_ALIVE

NAME = "responses"
ID_PREFIX = "resp_"
NAMES: Mapping[str, str] = {
    "max_completion_tokens": "max_output_tokens",
    "messages": "input",
    "reasoning_effort": "reasoning.effort",
    "reasoning_summary": "reasoning.summary",
    "response_format": "text.format",
    "verbosity": "text.verbosity",
    "logprobs": "top_logprobs",
}


def error(failed: ApiError, request_id: str) -> bytes:
    return dumps(failed.body()).encode()


def counted(tokens: int) -> bytes:
    return dumps({"object": "response.input_tokens", "input_tokens": tokens}).encode()


def headers(request_id: str) -> Mapping[str, str]:
    return {}


def betas(headers: Mapping[str, str]) -> list[str]:
    return []


__all__ = ["ID_PREFIX", "KEEP_ALIVE", "NAME", "NAMES", "betas", "counted", "error", "headers", "read", "writer"]
