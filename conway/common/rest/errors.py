"""REST framework's exceptions in our shape: the settings name `handle` as EXCEPTION_HANDLER."""

from typing import Any

from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from conway.common.errors import ApiError, answer_to

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
    if answer is None:
        return None
    return Response(answer.body(), status=answer.status, headers=answer.headers)


def api_error(error: Exception) -> ApiError | None:
    match error:
        case exceptions.ValidationError():
            return invalid(error.get_full_details())
        case exceptions.ParseError():
            return ApiError(400, "invalid_json", str(error.detail))
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return ApiError(401)
        case exceptions.MethodNotAllowed():
            return ApiError(405)  # REST framework has put `allow` on every answer
        case exceptions.APIException():
            return ApiError(error.status_code, message=str(error.detail))
    return answer_to(error)


def invalid(details: Any) -> ApiError:
    """The first fault, with the way to its field: `allowed_models.0`."""
    steps, fault = first_fault(details)
    code, message, path = FIELD_CODES.get(fault["code"], "invalid_value"), str(fault["message"]), ".".join(steps)
    return ApiError(400, code, f"{path}: {message}" if path else message, param=path or None)


def first_fault(details: Any, steps: tuple[str, ...] = ()) -> tuple[tuple[str, ...], dict[str, str]]:
    if isinstance(details, list):
        return first_fault(next(filter(None, details)), steps)
    if set(details) == {"message", "code"} and isinstance(details["code"], str):
        return steps, details
    key, inner = next((key, inner) for key, inner in details.items() if inner)
    return first_fault(inner, steps if key == api_settings.NON_FIELD_ERRORS_KEY else (*steps, str(key)))
