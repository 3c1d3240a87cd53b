"""OpenAI's Responses API without its memory.

fields         what a request is made of
rules          what no single field can tell
conversation   a request in plain words
wire           how it answers: items, and events of each
"""
