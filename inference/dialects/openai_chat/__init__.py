"""OpenAI's Chat Completions, which Moonshot and Qwen speak with an accent: how they deviate is data (chat/traits.py).

request.py        a body from an allow-list        reply.py    a JSON reply
conversation.py   its messages                     stream.py   the same in chunks
parts.py          their parts                      calls.py    tool calls in either
tools.py          tools, their names, the choice   finish.py   why it ended
thinking.py       an effort, or a switch           usage.py    what it used
output_format.py  JSON, with a schema or without   faults.py   what failures mean
prompt.py         what of a body is no text
thinking_budget.py  thoughts that the limit does not bound (Qwen)

Sources: docs/providers/openai.md, moonshot.md and qwen.md; `openai` 3.54.0 types/chat.
"""

from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.dialects.openai_chat.faults import fault
from inference.dialects.openai_chat.prompt import PROMPT
from inference.dialects.openai_chat.reply import parse
from inference.dialects.openai_chat.request import render, thinks
from inference.dialects.openai_chat.stream import stream

STREAMS_ALWAYS = False
TOOL_MEDIA = False


def path(upstream_model: str, *, stream: bool) -> str:
    return "/chat/completions"


def mend(rendered: ProviderRequest, fault: ProviderError) -> bool:
    """Nothing in these conversations is sealed."""
    return False


__all__ = ["PROMPT", "STREAMS_ALWAYS", "TOOL_MEDIA", "fault", "mend", "parse", "path", "render", "stream", "thinks"]
