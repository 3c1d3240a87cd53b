"""Google's Gemini API, natively (https://ai.google.dev/api/generate-content).

request.py        the body                            reply.py      events, or a whole answer → deltas
conversation.py   turns, results in call order        choice.py     one candidate of it
parts.py          text, images, documents, audio      calls.py      function calls, whole or in pieces
tools.py          declarations and choice             finish.py     why it stopped
names.py          function names it takes             grounding.py  what it read on the web
output_format.py  JSON, with a schema or without      usage.py      tokens in buckets
thinking.py       effort → level or budget            faults.py     what its failures mean
signatures.py     thoughts it signs and wants back    schema_size.py   how much of schemas it compiles
second_tries.py   what it takes once it is changed
prompt.py         what of a body is no text
"""

from inference.dialects.gemini.faults import fault
from inference.dialects.gemini.prompt import PROMPT
from inference.dialects.gemini.reply import parse, stream
from inference.dialects.gemini.request import path, render
from inference.dialects.gemini.second_tries import mend
from inference.dialects.gemini.thinking import thinks

STREAMS_ALWAYS = False
TOOL_MEDIA = False

__all__ = ["PROMPT", "STREAMS_ALWAYS", "TOOL_MEDIA", "fault", "mend", "parse", "path", "render", "stream", "thinks"]
