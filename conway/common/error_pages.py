"""Django's own error views: the API's shape under /v1, an ordinary page elsewhere."""

import sys
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views import defaults

from conway.common.errors import ApiError, answer_to

API_ROOT = "/v1/"
STAFF_ROOT = "/admin/"
STAFF_TEMPLATES = {403: "admin/refused.html", 404: "admin/missing.html"}  # staff are told on their own pages


def is_api(request: HttpRequest) -> bool:
    return f"{request.path_info}/".startswith(API_ROOT)


def error_view(status: int, page: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_api(request):
            return ApiError(status).response(getattr(request, "request_id", None))
        if request.path_info.startswith(STAFF_ROOT) and (of_staff := STAFF_TEMPLATES.get(status)):
            kwargs["template_name"] = of_staff
        return page(request, *args, **kwargs)

    return view


bad_request = error_view(400, defaults.bad_request)
forbidden = error_view(403, defaults.permission_denied)
not_found = error_view(404, defaults.page_not_found)
server_error = error_view(500, defaults.server_error)


def broken(request: HttpRequest) -> HttpResponse:
    """A database that is away heals: 503, and when to come again, on a page as under /v1."""
    error = sys.exc_info()[1]
    known = answer_to(error) if isinstance(error, Exception) else None
    if known is None or known.status != 503:
        return server_error(request)
    if is_api(request):
        return known.response(getattr(request, "request_id", None))
    return HttpResponse(loader.render_to_string("503.html"), status=503, headers=known.headers)
