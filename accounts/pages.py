from typing import Any

from django.conf import settings
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.mixins import LoginRequiredMixin
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.generic import UpdateView

from accounts.forms import EmailAndPasswordForm
from accounts.models import SignInLink, User


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
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        return redirect(settings.LOGIN_REDIRECT_URL)

    def page(self, request: HttpRequest, context: dict[str, object], status: int) -> HttpResponse:
        return render(request, "accounts/sign_in_link.html", context, status=status)


class EmailAndPasswordPage(LoginRequiredMixin, UpdateView):
    """For users who came by wallet; those who have a password change it elsewhere, with the old one."""

    form_class = EmailAndPasswordForm
    template_name = "accounts/email_and_password.html"
    success_url = settings.LOGIN_REDIRECT_URL

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and request.user.has_usable_password():
            return redirect(settings.LOGIN_REDIRECT_URL)
        return super().dispatch(request, *args, **kwargs)

    def get_object(self, queryset: object = None) -> User:
        # A copy: the form writes into it before it is valid, and the page shows request.user.
        return get_object_or_404(User, pk=self.request.user.pk)

    def form_valid(self, form: ModelForm) -> HttpResponse:
        answer = super().form_valid(form)
        update_session_auth_hash(self.request, form.instance)  # else the new password would end this session
        return answer
