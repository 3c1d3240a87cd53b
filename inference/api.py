"""The inference API, by django-ninja: what is offered, and the documented form of a completion."""

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI, Schema

from accounts.errors import ApiError
from accounts.ninja_api import HeaderAuth, register_errors
from inference import catalog, listings, relay
from inference.answer import Answer

api = NinjaAPI(
    title="Conway Inference",
    version="1",
    urls_namespace="inference",
    auth=HeaderAuth(),
    docs_url="/docs",
    openapi_url="/openapi.json",
)
register_errors(api)


class ErrorObject(Schema):
    message: str
    type: str
    param: str | None
    code: str


class ErrorBody(Schema):
    error: ErrorObject
    detail: str | None = None


class ModelList(Schema):
    object: str
    data: list[dict[str, Any]]


ERRORS = dict.fromkeys((400, 401, 402, 403, 404, 409, 413, 429, 500, 502, 503, 504), ErrorBody)


@api.get("/models", response={200: ModelList, 401: ErrorBody, 503: ErrorBody}, summary="List models")
async def list_models(request: HttpRequest) -> dict[str, Any]:
    """A model whose provider has no key here is listed with `available: false`."""
    book = await catalog.current()
    return {
        "object": "list",
        "data": [listings.as_openai(listing, book) for listing in book.listings.values() if listing.is_on],
    }


@api.get(
    "/models/{name}",
    response={200: dict[str, Any], 401: ErrorBody, 404: ErrorBody, 503: ErrorBody},
    summary="One model",
)
async def one_model(request: HttpRequest, name: str) -> dict[str, Any]:
    book = await catalog.current()
    if (listing := book.find(name)) is None or not listing.is_on:
        raise ApiError(404, "model_not_found", f"The model '{name[:100]}' does not exist here.", param="model")
    return listings.as_openai(listing, book)


@api.post(
    "/chat/completions",
    auth=None,
    response={200: dict[str, Any], **ERRORS},
    summary="Create a chat completion",
    openapi_extra={"security": [{"HeaderAuth": []}]},
)
async def create_completion(request: HttpRequest) -> HttpResponseBase:
    """OpenAI's chat completion, as JSON or (`stream: true`) as server-sent events, charged from the caller's
    credits.
    """
    headers = {name.lower(): value for name, value in request.headers.items()}
    return response(await relay.complete(headers, request.body))


def response(answer: Answer) -> HttpResponseBase:
    if isinstance(answer.body, bytes):
        return HttpResponse(answer.body, status=answer.status, headers=answer.headers)
    return StreamingHttpResponse(answer.body, status=answer.status, headers=answer.headers)
