from typing import Any

from django.conf import settings
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import IntegrityError, transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.views.generic import CreateView, UpdateView

from accounts.forms import EmailAndPasswordForm
from accounts.models import User
from accounts.pages.labels import BareLabels
from accounts.pages.sign_in import BACKEND


class SignUpPage(BareLabels, CreateView):
    form_class = EmailAndPasswordForm
    template_name = "accounts/sign_up.html"
    success_url = settings.LOGIN_REDIRECT_URL
    extra_context = {"title": "Create an account", "button": "Create account"}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: ModelForm) -> HttpResponse:
        try:
            with transaction.atomic():
                answer = super().form_valid(form)
        except IntegrityError:  # of a double click, the second
            form.add_error("email", "User with this Email already exists.")
            return self.form_invalid(form)
        login(self.request, form.instance, backend=BACKEND)
        return answer


class EmailAndPasswordPage(LoginRequiredMixin, BareLabels, UpdateView):
    """For users who came by wallet; those who have a password change it elsewhere, with the old one."""

    form_class = EmailAndPasswordForm
    template_name = "accounts/form.html"
    success_url = settings.LOGIN_REDIRECT_URL
    extra_context = {
        "title": "Sign in without your wallet, too",
        "intro": "With an email and a password you can also sign in here directly. "
        "Your wallet and your keys stay as they are.",
        "button": "Save",
    }

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
