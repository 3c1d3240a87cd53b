"""django-ninja's way in, and its exceptions in our shape. What nobody foresaw goes on to Django: logged, and a 500."""

from collections.abc import Callable
from typing import Any

import ninja.errors
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.security.http import HttpAuthBase

from accounts import credentials
from accounts.addresses import origin
from accounts.authentication import Caller, authenticate
from conway.common.errors import STATUSES, ApiError, answer_to

FIELD_CODES = {"missing": "missing_required_parameter"}
PLACES = ("body", "query", "path", "header", "cookie", "form", "file")


class HeaderAuth(HttpAuthBase):
    """For `NinjaAPI(auth=HeaderAuth())` of asynchronous views: `request.auth` is the Caller."""

    openapi_scheme = "bearer"

    async def __call__(self, request: HttpRequest) -> Caller:
        return await authenticate(credentials.from_meta(request.META), fresh=True, origin=origin(request))


def written(failed: ApiError, request: HttpRequest) -> HttpResponse:
    return failed.response(getattr(request, "request_id", None))


def register_errors(api: NinjaAPI, writes: Callable[[ApiError, HttpRequest], HttpResponse] = written) -> None:
    """`writes`: for an API whose callers do not all read errors in the one shape."""

    def answer(request: HttpRequest, error: Any) -> HttpResponse:
        return writes(api_error(error), request)

    for known in (ApiError, ninja.errors.ValidationError, ninja.errors.HttpError, *STATUSES):
        api.add_exception_handler(known, answer)


def api_error(error: Exception) -> ApiError:
    match error:
        case ninja.errors.ValidationError():
            return invalid(error)
        case ninja.errors.HttpError(status_code=400):  # ninja's own: the body is not JSON
            return ApiError(400, "invalid_json", str(error))
        case ninja.errors.HttpError():
            return ApiError(error.status_code)
    return answer_to(error) or ApiError(500)


def invalid(error: ninja.errors.ValidationError) -> ApiError:
    fault: dict[str, Any] = error.errors[0]
    path = ".".join(str(step) for step in fault["loc"] if step not in PLACES)
    kind = fault["type"]
    code = FIELD_CODES.get(kind) or ("invalid_type" if kind.endswith("_type") else "invalid_value")
    return ApiError(400, code, f"{path}: {fault['msg']}" if path else fault["msg"], param=path or None)
