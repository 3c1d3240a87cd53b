"""REST framework's exceptions in our shape: the settings name `handle` as EXCEPTION_HANDLER."""

from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from accounts.database import DatabaseUnavailable
from accounts.errors import ApiError

STATUSES: dict[type[Exception], int] = {
    Http404: 404,
    PermissionDenied: 403,
    RequestDataTooBig: 413,
    OperationalError: 503,
    InterfaceError: 503,
    DatabaseUnavailable: 503,
    # REST framework answers 403 where a view cannot say how to authenticate; ours is always 401.
    exceptions.NotAuthenticated: 401,
    exceptions.AuthenticationFailed: 401,
}

FIELD_CODES = {
    "required": "missing_required_parameter",
    "invalid": "invalid_type",
    "null": "invalid_type",
    "not_a_list": "invalid_type",
    "not_a_dict": "invalid_type",
}


def handle(error: Exception, context: Any) -> Response | None:
    """None for what nobody foresaw: Django logs it with its traceback and answers 500."""
    answer = api_error(error)
    return answer and Response(answer.body(), status=answer.status, headers=answer.headers)


def api_error(error: Exception) -> ApiError | None:
    match error:
        case ApiError():
            return error
        case exceptions.ValidationError():
            return invalid(error.get_full_details())
        case exceptions.ParseError():
            return ApiError(400, "invalid_json", str(error.detail))
        case exceptions.Throttled():
            return ApiError(429, headers={"retry-after": str(error.wait or 60)})
    for known, status in STATUSES.items():
        if isinstance(error, known):
            return ApiError(status)
    if isinstance(error, exceptions.APIException):
        return ApiError(error.status_code, message=str(error.detail))
    return None


def invalid(details: Any, path: str = "") -> ApiError:
    """The first fault found, with the way to its field: `allowed_models.0`."""
    while not is_fault(details):
        key, details = next(((k, v) for k, v in pairs(details) if v))
        if not is_fault(details) or isinstance(key, str):
            path = path if key == "non_field_errors" else f"{path}.{key}".lstrip(".")
    code, message = FIELD_CODES.get(details["code"], "invalid_value"), str(details["message"])
    return ApiError(400, code, f"{path}: {message}" if path else message, param=path or None)


def is_fault(details: Any) -> bool:
    return isinstance(details, dict) and set(details) == {"message", "code"} and isinstance(details["code"], str)


def pairs(details: Any) -> Any:
    return details.items() if isinstance(details, dict) else enumerate(details)
