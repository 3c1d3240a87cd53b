"""Chat Completions as we understand them: the neutral form between callers and dialects.

request               a request, validated once, for every provider
request_body          from bytes to its fields, whichever format they came in
tools                 its tools, and which of them is to be called
messages              a message, its parts, its tool calls
client_shapes         shapes that clients mix, brought to OpenAI's own
conversation          whether the messages of a request fit together
format                what a caller speaks: the seam to inference/api
suiting               a request said in its model's own way, where it has another
encoding              JSON on its way to a caller
media                 data URLs: what is really inside
structure             how many values a request may hold, and how deep
strict_json           JSON from a caller, as strict as RFC 8259
budget                what rendering may cost beyond a request's size
validation_messages   what is wrong with a request, in a sentence
invalid_request       a request that must not be sent on
unknown_fields        fields we do not know inside messages, tools and the like
replaced_text         text nobody can store: half an emoji, and NUL
traits                what a model takes and refuses, as data
unsupported_fields    fields a model does not take: left out and named, or refused
provider_request      a request on its way out
prompt                what of a provider's body is prompt
reply                 what comes back: deltas of a stream, the whole of a reply
unasked               what a provider did that nobody asked for, for staff to look at
usage                 what a completion used, in buckets that do not overlap
provider_error        what a provider's failure means for the caller
"""
