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
        user = SignInLink.owner_of(secret)
        return self.page(request, {"signs_in": user}, 200 if user else 410)

    def post(self, request: HttpRequest, secret: str) -> HttpResponse:
        user = SignInLink.redeem(secret)
        if user is None:
            return self.page(request, {"signs_in": None}, 410)
        return signing_in.enter(request, user, BACKEND)

    def page(self, request: HttpRequest, context: dict[str, object], status: int) -> HttpResponse:
        return render(request, "accounts/sign_in_link.html", context, status=status)
