"""The HTTP surface: what comes in over HTTP, and what the documents promise.

asgi               POST /v1/chat/completions as bare ASGI: body, headers, hang-ups
content_encoding   a compressed body, decoded in slices
operations         the other operations, by django-ninja
schemas/           what they answer
model_list         GET /v1/models and /v1/credits/pricing
openapi            the documents' longer parts
"""
