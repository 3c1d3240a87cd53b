"""Anthropic's Messages API (https://platform.claude.com/docs/en/api/messages), in the version its catalogue row pins.

request.py        the body                            stream.py  events → deltas
conversation.py   turns, in the order it insists on   reply.py   a JSON reply, read as a stream
parts.py          text, images, documents             blocks.py  text, thinking, calls as they grow
tools.py          definitions and choice              fence.py   JSON mode without its code fence
tool_ids.py       call ids it takes                   finish.py  why it stopped
output_format.py  JSON, with a schema or without      usage.py   tokens in buckets
thinking.py       effort → budget                     faults.py  what its failures mean
cache.py          at most four marks
signatures.py     thoughts it does not know again
prompt.py         what of a body is no text
"""

from inference.dialects.anthropic.faults import fault
from inference.dialects.anthropic.prompt import PROMPT
from inference.dialects.anthropic.reply import parse
from inference.dialects.anthropic.request import path, render
from inference.dialects.anthropic.signatures import mend
from inference.dialects.anthropic.stream import stream
from inference.dialects.anthropic.thinking import thinks

# Long JSON replies would run into its ten-minute rule, and a reply cut short would come without usage.
STREAMS_ALWAYS = True
TOOL_MEDIA = True

__all__ = ["PROMPT", "STREAMS_ALWAYS", "TOOL_MEDIA", "fault", "mend", "parse", "path", "render", "stream", "thinks"]
