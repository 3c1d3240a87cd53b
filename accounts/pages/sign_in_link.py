from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from accounts import signing_in
from accounts.models import SignInLink
from accounts.pages.sign_in import BACKEND


@method_decorator(never_cache, name="dispatch")
class SignInLinkPage(View):
    """GET only asks, so that a chat's link preview or a mail scanner does not use the link up."""

    def get(self, request: HttpRequest, secret: str) -> HttpResponse:
        link = SignInLink.find(secret)
        return self.page(request, {"signs_in": link and link.user}, 200 if link else 410)

    def post(self, request: HttpRequest, secret: str) -> HttpResponse:
        link = SignInLink.redeem(secret)
        if link is None:
            return self.page(request, {"signs_in": None}, 410)
        return signing_in.enter(request, link.user, BACKEND, proven_at=link.proven_at)

    def page(self, request: HttpRequest, context: dict[str, object], status: int) -> HttpResponse:
        return render(request, "accounts/sign_in_link.html", context, status=status)
