"""Failures in Anthropic's shape and words."""

from conway.common.errors import ApiError
from inference.chat.encoding import dumps

TYPES = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
}
OVERLOADED = ("overloaded", "provider_busy", "server_busy")


def error(failed: ApiError, request_id: str) -> bytes:
    """`code`, `param` and further facts stand beside what Anthropic's clients read."""
    body = {"type": kind(failed), "message": failed.message, "code": failed.code, "param": failed.param}
    details = {"detail": failed.detail} if failed.detail else {}
    return dumps({"type": "error", "error": {**body, **failed.extra, **details}, "request_id": request_id}).encode()


def kind(failed: ApiError) -> str:
    if failed.code in OVERLOADED:
        return "overloaded_error"
    return TYPES.get(failed.status) or ("api_error" if failed.status >= 500 else "invalid_request_error")
