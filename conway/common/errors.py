"""The one shape of every error under /v1, whichever framework meets it.

    {"error": {"message": "…", "type": "…", "param": null, "code": "…"}, "detail": "…"}

`detail` is there when there is more to say. OpenAI's SDKs read `error`; Conway's own clients print the whole.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, JsonResponse

from conway.common.database import DatabaseUnavailable

TYPES = {
    401: "authentication_error",
    402: "insufficient_quota",
    403: "permission_error",
    429: "rate_limit_error",
}

# What is said of a status when nobody who knew more said it: code, message.
DEFAULTS = {
    400: ("invalid_request", "The request could not be understood."),
    401: ("invalid_api_key", "Missing authentication: send `Authorization: Bearer` and an API key or an access token."),
    403: ("permission_denied", "This is not allowed."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
    406: ("not_acceptable", "Answers here are JSON."),
    413: ("request_too_large", "The request body is too large."),
    415: ("unsupported_media_type", "Send the body as application/json."),
    429: ("rate_limit_exceeded", "Too many requests; try again later."),
    500: ("internal_error", "Something went wrong on our side."),
    503: ("database_unavailable", "The service is briefly unavailable; try again in a moment."),
}

# Every 401 says how to authenticate (RFC 9110); what heals by itself says when to come back. By status, or by code.
HEADERS: dict[int | str, dict[str, str]] = {
    401: {"www-authenticate": "Bearer"},
    "database_unavailable": {"retry-after": "2"},
}

# Exceptions of Django and the database that are answers in every framework.
STATUSES: dict[type[Exception], int] = {
    PermissionDenied: 403,
    Http404: 404,
    RequestDataTooBig: 413,
    OperationalError: 503,
    InterfaceError: 503,
    DatabaseUnavailable: 503,
}


class ApiError(Exception):
    """An answer of 400 or above, with every fact that its rendering needs."""

    def __init__(
        self,
        status: int,
        code: str | None = None,
        message: str | None = None,
        *,
        type: str | None = None,
        param: str | None = None,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        default_code, default_message = DEFAULTS.get(status) or DEFAULTS[500 if status >= 500 else 400]
        self.status = status
        self.code = code or default_code
        self.message = message or default_message
        self.type = type or TYPES.get(status) or ("server_error" if status >= 500 else "invalid_request_error")
        self.param = param
        self.detail = detail
        self.extra = extra or {}  # further facts inside the error object, for programs
        self.whose: tuple[int, int | None] | None = None  # user and key, where a refused credential names them
        self.headers = {**HEADERS.get(status, {}), **HEADERS.get(self.code, {}), **(headers or {})}
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code, **self.extra}
        return {"error": error} | ({"detail": self.detail} if self.detail else {})

    def about(self, param: str, message: str) -> "ApiError":
        """The same of a field that this caller knows by another name."""
        error = ApiError(
            self.status, self.code, message, type=self.type, param=param, detail=self.detail, headers=self.headers,
            extra=self.extra,
        )  # fmt: skip
        error.whose = self.whose
        return error

    def response(self, request_id: str | None = None) -> JsonResponse:
        return JsonResponse(
            self.body(), status=self.status, headers={**self.headers, "x-request-id": request_id or new_request_id()}
        )


class LiteralError(ApiError):
    """Wallet sign-in: Conway's clients know these answers as `{"error": "<text>"}` and nothing else."""

    def body(self) -> dict[str, Any]:
        return {"error": self.message}


def database_unavailable() -> ApiError:
    return ApiError(503, "database_unavailable")


def answer_to(error: Exception) -> ApiError | None:
    """None for what nobody foresaw."""
    if isinstance(error, ApiError):
        return error
    return next((ApiError(status) for known, status in STATUSES.items() if isinstance(error, known)), None)


REQUEST_ID = "req_"  # how the id of a request begins


def new_request_id() -> str:
    return f"{REQUEST_ID}{uuid.uuid4().hex}"
