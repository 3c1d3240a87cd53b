"""Chat Completions as we understand them: the neutral form between callers and dialects.

messages.py  a message, its parts, its tool calls
request.py   a request, validated once, for every provider
media.py     data URLs: what is really inside
json_body.py, client_shapes.py, unknown_fields.py
             a request's bytes, shapes that clients mix, fields we do not know
budget.py    how many schemas a rendering may hold
reply.py     what comes back: deltas of a stream, the whole of a reply
fault.py     what a provider's failure means for the caller
traits.py    what a model takes and refuses, as data
"""
