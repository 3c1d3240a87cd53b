"""Addresses that a client made of a wrong base URL, or that belong to an API we do not offer: a JSON 404 that says
which address is meant.
"""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse

from conway.common.error_pages import is_api, not_found
from conway.common.errors import ApiError
from inference.api import formats

# The end of an address → what is said of it. {base} is this site's.
SENTENCES: tuple[tuple[str, str], ...] = (
    (r"chat/completions", "Chat completions are at {base}/v1/chat/completions: set the base URL to {base}/v1."),
    (
        r"messages|messages/count_tokens",
        "Messages are at {base}/v1/messages: set the base URL of Anthropic's clients to {base}, without /v1.",
    ),
    (r"messages/batches.*", "Batches are not offered; send each to {base}/v1/messages."),
    (r"responses|responses/input_tokens", "Responses are at {base}/v1/responses: set the base URL to {base}/v1."),
    (r"responses/.+", "Responses are not stored here: keep what {base}/v1/responses answered."),
    (r"completions", "Only chat completions are offered: send messages to {base}/v1/chat/completions."),
    (r"models", "The models are listed at {base}/v1/models: set the base URL to {base}/v1."),
    (
        r"models/[^/]+:(?:generateContent|streamGenerateContent|countTokens)",
        "Gemini's own API is not offered: its models are at {base}/v1/chat/completions.",
    ),
    (
        r"(?:embeddings|moderations|images/\w+|audio/\w+|files|batches|assistants|threads|fine_tuning/.*|realtime.*)",
        "This API is not offered here. Models answer at {base}/v1/chat/completions, /v1/responses and /v1/messages.",
    ),
    (
        r"api/(?:chat|generate|tags)",
        "Ollama's API is not offered: set the base URL of an OpenAI client to {base}/v1.",
    ),
)
KNOWN = tuple((re.compile(rf"(?:/.*)?/(?:{ending})/?"), sentence) for ending, sentence in SENTENCES)


def lost(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Django's view of a 404."""
    path = request.path_info
    sentence = next((advice for ending, advice in KNOWN if ending.fullmatch(path)), None)
    if sentence is None or (request.method == "GET" and not is_api(request) and wants_a_page(request)):
        return not_found(request, *args, **kwargs)
    advice = "There is nothing at this address. " + sentence.format(base=request.build_absolute_uri("/").rstrip("/"))
    return formats.response(ApiError(404, message=advice), request)


def wants_a_page(request: HttpRequest) -> bool:
    return "text/html" in request.headers.get("accept", "")
