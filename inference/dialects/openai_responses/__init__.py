"""OpenAI's Responses API (`POST /responses`), for models Chat Completions does not serve: the codex family.

request.py        the body                          reply.py      output items → a reply, whole or event by event
conversation.py   messages → input items            reasoning.py  sealed thoughts, carried by callers
parts.py          their parts                       details.py    citations, log probabilities
tools.py          definitions and choice            usage.py      the token counts
thinking.py       how hard to think                 faults.py     refusals and failures
output_format.py  JSON, with a schema or without    prompt.py     what of a body is no text
items.py          which item is which of its events
"""

from inference.dialects.openai_responses.faults import fault
from inference.dialects.openai_responses.prompt import PROMPT
from inference.dialects.openai_responses.reasoning import mend
from inference.dialects.openai_responses.reply import parse, stream
from inference.dialects.openai_responses.request import render, thinks

STREAMS_ALWAYS = False
TOOL_MEDIA = True


def path(upstream_model: str, *, stream: bool) -> str:
    return "/responses"


__all__ = ["PROMPT", "STREAMS_ALWAYS", "TOOL_MEDIA", "fault", "mend", "parse", "path", "render", "stream", "thinks"]
