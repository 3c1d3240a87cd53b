"""The HTTP surface: what comes in over HTTP, and what the documents promise.

asgi               completions as bare ASGI: body, headers, hang-ups
formats            which format is spoken at which address
chat/              OpenAI's Chat Completions: read and written
responses/         OpenAI's Responses
messages/          Anthropic's Messages
growing            more of the text that grows, in any format: what most deltas are
expecting          a caller's body, read by hand
routed_reasoning   OpenRouter's word for thinking
sealed             what a model must get back, in a field that callers return unread
counting           how long a prompt is
lost               a JSON 404 that says which address is meant
content_encoding   a compressed body, decoded in slices
operations         the other operations, by django-ninja
schemas/           what they answer
supported_parameters  which of OpenRouter's parameters a model has, for its listing
model_list         GET /v1/models and /v1/credits/pricing
openapi            the documents' longer parts
"""
