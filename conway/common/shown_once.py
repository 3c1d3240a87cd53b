"""A secret that a form made, on its way to the one page that shows it.

It travels in a signed cookie of its own, for a short while: a form that answered with it would make another when it is
reloaded, and kept in the session it would lie in our database. The cookie goes back to that page alone, and no script
can read it.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


def redirect_with(secret: str, address: str, *, cookie: str, seconds: int) -> HttpResponse:
    answer = redirect(address)
    answer.set_signed_cookie(
        cookie,
        secret,
        max_age=seconds,
        path=address,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return answer


def secret_of(request: HttpRequest, *, cookie: str, seconds: int) -> str | None:
    """None where there is none, or no more."""
    return request.get_signed_cookie(cookie, default=None, max_age=seconds)


def forget(answer: HttpResponse, request: HttpRequest, *, cookie: str) -> None:
    answer.delete_cookie(cookie, path=request.path, samesite="Strict")
