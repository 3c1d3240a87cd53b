"""JSON Schemas of tools and replies, as each provider takes them. One bad one makes a provider refuse a whole request.

rules.py       what each provider takes: the table
drafts.py      older drafts as 2020-12, for all of them
unions.py      a union at the root of a tool's parameters as one object
references.py  $ref
branches.py    allOf
bounds.py      what bounds a value, in words
rewritten.py   keyword by keyword, for Gemini and Kimi
openai.py      what OpenAI demands beyond the draft
gemini.py      what Gemini checks across keywords
moonshot.py    what Kimi checks across keywords
compiled.py    what Claude's strict tools and structured output compile

What a provider would refuse is told in the description instead, so that the model may still follow it. Only what can
neither be sent nor told is refused (`InvalidRequest`): no schema at all, a reference that leads nowhere, more schemas
than one request may hold once references are written out.
"""

from inference.dialects.schemas.rules import RULES, of_reply, of_tool

__all__ = ["RULES", "of_reply", "of_tool"]
