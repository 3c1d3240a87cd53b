"""The inference API, by django-ninja: what is offered, what it would cost, what it did cost, and the documented form of
a completion.
"""

import asyncio
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from accounts.authentication import Caller
from accounts.ninja_api import HeaderAuth, register_errors
from conway.common.errors import ApiError
from credits import ledger
from credits.ledger import AdmissionDenied
from inference import catalog
from inference.api import chat, counting, messages, model_list, openapi, responses
from inference.api import formats as address_formats
from inference.api.counting import estimates
from inference.api.schemas import formats
from inference.api.schemas.errors import errors
from inference.api.schemas.estimates import EstimateBody
from inference.api.schemas.limits import LimitsBody, as_json
from inference.api.schemas.models import Model, ModelList, PricingBody
from inference.api.schemas.receipts import OpenReceiptBody, ReceiptBody
from inference.chat.format import Format
from inference.chat.invalid_request import InvalidRequest
from inference.completion import handler
from inference.completion.answers import Answer
from inference.completion.errors import answer_to
from inference.completion.estimate import estimate
from inference.completion.headers import Headers
from inference.reporting import receipts

api = openapi.DocumentedAPI(
    title="Conway Inference",
    version="1",
    description=openapi.DESCRIPTION,
    urls_namespace="inference",
    auth=HeaderAuth(),
    docs_url="/docs",
    openapi_url="/openapi.json",
)
register_errors(api, address_formats.response)


@api.exception_handler(InvalidRequest)
@api.exception_handler(AdmissionDenied)
def refuse(request: HttpRequest, error: Exception) -> HttpResponse:
    return answer_to(error, request.build_absolute_uri("/").rstrip("/")).response(getattr(request, "request_id", None))


@api.get("/models", tags=["models"], response={200: ModelList, **errors(401)}, summary="List models")
async def list_models(request: HttpRequest) -> Any:
    """A model whose provider has no key here is listed with `available: false`. With `anthropic-version`, those that
    are available, as Anthropic lists its own.
    """
    if "anthropic-version" in request.headers:
        return JsonResponse(model_list.anthropic_page(await catalog.current()))
    book = await catalog.current()
    # A thread computes it, as it does the price list: 34 models take 6 ms, for which no stream shall stand still.
    return {"object": "list", "data": await asyncio.to_thread(model_list.offered, book)}


@api.get("/models/{path:name}", tags=["models"], response={200: Model, **errors(401, 404)}, summary="One model")
async def one_model(request: HttpRequest, name: str) -> Any:
    book = await catalog.current()
    if (listing := book.find(name)) is None or not listing.is_on:
        raise ApiError(404, "model_not_found", f"The model '{name[:100]}' does not exist here.", param="model")
    if "anthropic-version" in request.headers:
        return JsonResponse(model_list.as_anthropic(listing, book))
    return model_list.as_openai(listing, book)


@api.get(
    "/credits/pricing", tags=["models"], response={200: PricingBody, **errors()}, auth=None, summary="What is charged"
)
async def pricing(request: HttpRequest) -> dict[str, Any]:
    """Prices, markup and minimum. No authentication is needed."""
    book = await catalog.current()
    return await asyncio.to_thread(model_list.price_list, book)


@api.post(
    "/chat/completions",
    tags=["completions"],
    auth=None,
    response={200: None, **errors(400, 401, 402, 403, 404, 409, 413, 429, 502, 504)},
    summary="Create a chat completion",
    openapi_extra={
        "security": [{"HeaderAuth": []}],
        "parameters": [openapi.MAX_COST, openapi.FOLLOW_SUCCESSOR, openapi.IDEMPOTENCY_KEY],
        "responses": {200: openapi.COMPLETED},
        **openapi.ASKED,
    },
)
async def create_completion(request: HttpRequest) -> HttpResponseBase:
    """OpenAI's chat completion, as JSON or (`stream: true`) as server-sent events, charged from the caller's
    credits.
    """
    return await completed(chat, request)


ERRORS = errors(400, 401, 402, 403, 404, 409, 413, 429, 502, 504)


@api.post(
    "/responses",
    tags=["completions"],
    auth=None,
    response={200: None, **ERRORS},
    summary="Create a response",
    openapi_extra=formats.completes(formats.RESPONSES, formats.RESPONSE, "OpenAI"),
)
async def create_response(request: HttpRequest) -> HttpResponseBase:
    """OpenAI's Responses API for every model, as Codex CLI speaks it. Nothing is stored: the whole conversation comes
    with each request, sealed reasoning among it.
    """
    return await completed(responses, request)


@api.post(
    "/messages",
    tags=["completions"],
    auth=None,
    response={200: None, **ERRORS},
    summary="Create a message",
    openapi_extra=formats.completes(formats.MESSAGES, formats.MESSAGE, "Anthropic"),
)
async def create_message(request: HttpRequest) -> HttpResponseBase:
    """Anthropic's Messages API for every model, as Claude Code speaks it. The key may stand in `x-api-key`."""
    return await completed(messages, request)


@api.post(
    "/responses/input_tokens",
    tags=["completions"],
    response={200: None, **errors(400, 401, 402, 403, 404, 413, 429)},
    summary="Count a response's input",
    openapi_extra=formats.counts(formats.RESPONSES, object=openapi.TEXT),
)
async def count_input_tokens(request: HttpRequest) -> HttpResponseBase:
    """Nothing is sent, held or charged."""
    return await counted(responses, request)


@api.post(
    "/messages/count_tokens",
    tags=["completions"],
    response={200: None, **errors(400, 401, 402, 403, 404, 413, 429)},
    summary="Count a message's tokens",
    openapi_extra=formats.counts(formats.MESSAGES),
)
async def count_tokens(request: HttpRequest) -> HttpResponseBase:
    """Nothing is sent, held or charged."""
    return await counted(messages, request)


async def completed(format: Format, request: HttpRequest) -> HttpResponseBase:
    remote = request.META.get("REMOTE_ADDR") or ""
    return response(await handler.complete(format, headers_of(request), request.body, remote=remote))


async def counted(format: Format, request: HttpRequest) -> HttpResponseBase:
    caller: Caller = request.auth  # type: ignore[attr-defined]  # set by ninja
    return response(await counting.count(format, headers_of(request), request.body, caller))


@api.post(
    "/estimate",
    tags=["completions"],
    response={200: EstimateBody, **errors(400, 401, 402, 403, 404, 413, 429)},
    summary="Estimate a chat completion",
    openapi_extra={"parameters": [openapi.MAX_COST, openapi.FOLLOW_SUCCESSOR], **openapi.ASKED},
)
async def estimate_completion(request: HttpRequest) -> dict[str, Any]:
    """The body of a completion; what it would cost, and what would be held for it now. Nothing is sent, held or
    charged.
    """
    caller: Caller = request.auth  # type: ignore[attr-defined]  # set by ninja
    estimates().spend(caller.user_id)
    return (await estimate(chat, caller, request.body, headers_of(request))).as_json()


@api.get("/limits", tags=["completions"], response={200: LimitsBody, **errors(401)}, summary="Your limits")
async def limits(request: HttpRequest) -> dict[str, Any]:
    """How many completions may run at the same time, how many do now, and what limits the API key that asks. Others
    are answered 429 `concurrency_limited` or `rate_limit_exceeded`. A completion whose client left runs until its
    provider is done.
    """
    caller: Caller = request.auth  # type: ignore[attr-defined]  # set by ninja
    if (found := await ledger.limits(caller.user_id, caller.key_id)) is None:
        raise ApiError(401)
    return as_json(found, of_key=caller.key_id is not None)


@api.get(
    "/receipts/{receipt_id}",
    tags=["completions"],
    response={200: ReceiptBody | OpenReceiptBody, **errors(401, 404)},
    summary="A completion's receipt",
)
async def receipt(request: HttpRequest, receipt_id: str) -> Any:
    """By the completion's id: tokens by price, cost, markup, rounding, charge, and how it was settled. While it runs,
    `state` is `open`, and only what is held is known.
    """
    caller: Caller = request.auth  # type: ignore[attr-defined]  # set by ninja
    found = await sync_to_async(receipts.find)(receipt_id, user_id=caller.user_id)
    if found is None:
        raise ApiError(404, "receipt_not_found", "You have no completion with this id.")
    return found


def headers_of(request: HttpRequest) -> Headers:
    return {name.lower(): value for name, value in request.headers.items()}


def response(answer: Answer) -> HttpResponseBase:
    if isinstance(answer.body, bytes):
        return HttpResponse(answer.body, status=answer.status, headers=answer.headers)
    return StreamingHttpResponse(answer.body, status=answer.status, headers=answer.headers)
