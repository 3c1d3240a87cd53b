"""django-ninja's way in, and its exceptions in our shape. What nobody foresaw goes on to Django: logged, and a 500."""

from typing import Any

import ninja.errors
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.security.http import HttpAuthBase

from accounts.authentication import Caller, authenticate
from accounts.database import DatabaseUnavailable
from accounts.errors import ApiError

STATUSES: dict[type[Exception], int] = {
    Http404: 404,
    RequestDataTooBig: 413,
    OperationalError: 503,
    InterfaceError: 503,
    DatabaseUnavailable: 503,
    ninja.errors.AuthenticationError: 401,
    ninja.errors.AuthorizationError: 403,
}

FIELD_CODES = {"missing": "missing_required_parameter"}
PLACES = ("body", "query", "path", "header", "cookie", "form", "file")


class HeaderAuth(HttpAuthBase):
    """For `NinjaAPI(auth=HeaderAuth())` of asynchronous views: `request.auth` is the Caller."""

    openapi_scheme = "bearer"

    async def __call__(self, request: HttpRequest) -> Caller:
        return await authenticate(request.META.get("HTTP_AUTHORIZATION"), fresh=True)


def register_errors(api: NinjaAPI) -> None:
    api.add_exception_handler(ApiError, answer)
    api.add_exception_handler(ninja.errors.ValidationError, lambda request, error: answer(request, invalid(error)))
    api.add_exception_handler(ninja.errors.HttpError, lambda request, error: answer(request, refused(error)))
    for known, status in STATUSES.items():
        api.add_exception_handler(known, lambda request, error, status=status: answer(request, ApiError(status)))


def answer(request: HttpRequest, error: ApiError) -> HttpResponse:
    return error.response(getattr(request, "request_id", None))


def refused(error: ninja.errors.HttpError) -> ApiError:
    """ninja itself raises 400 only for a body that is not JSON."""
    return ApiError(error.status_code, "invalid_json" if error.status_code == 400 else None, str(error))


def invalid(error: ninja.errors.ValidationError) -> ApiError:
    fault: dict[str, Any] = error.errors[0]
    path = ".".join(str(step) for step in fault["loc"] if step not in PLACES)
    kind = fault["type"]
    code = FIELD_CODES.get(kind) or ("invalid_type" if kind.endswith("_type") else "invalid_value")
    return ApiError(400, code, f"{path}: {fault['msg']}" if path else fault["msg"], param=path or None)
