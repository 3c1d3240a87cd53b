from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse_lazy

from accounts import limits, links, reauthentication, signing_in
from accounts.addresses import client_network
from accounts.forms import EmailAndPasswordForm, NewEmailForm
from accounts.models import User
from accounts.pages.confirm_first import confirm_first
from accounts.pages.labels import BareLabels
from accounts.pages.mails import mail_once
from accounts.sessions import PASSWORD_BACKEND
from conway.common.generics import FormView

MAILED = "We have sent a link to {}. Open it to prove that the address is yours."


def ask_to_prove(request: HttpRequest, user: User) -> None:
    """The claimed address's mailbox hears of it, whoever it belongs to; the page says the same either way."""
    address = str(user.claimed_email)
    taken = User.objects.filter(email=address).exclude(pk=user.pk).exists()
    mail_once(request, address, lambda: links.send_known(address, request) if taken else links.send(user, request))
    messages.success(request, MAILED.format(address))


class SignUpPage(BareLabels, FormView[EmailAndPasswordForm]):
    """Makes a user who may use the service at once. The address is a claim, which several may make."""

    form_class = EmailAndPasswordForm
    template_name = "accounts/sign_up.html"
    extra_context = {"title": "Create an account", "button": "Create account"}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return redirect(settings.LOGIN_REDIRECT_URL)
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: EmailAndPasswordForm) -> HttpResponse:
        limits.count("sign-up", network=client_network(self.request))
        user = User.objects.sign_up(form.cleaned_data["email"], form.cleaned_data["password1"])
        signing_in.begin_session(self.request, user, PASSWORD_BACKEND)
        ask_to_prove(self.request, user)
        return redirect(settings.LOGIN_REDIRECT_URL)


class EmailAndPasswordPage(LoginRequiredMixin, BareLabels, FormView[EmailAndPasswordForm]):
    """For users who came by wallet; those who have a password change it elsewhere, with the old one."""

    form_class = EmailAndPasswordForm
    template_name = "accounts/form.html"
    extra_context = {
        "title": "Sign in without your wallet, too",
        "intro": "With an email and a password you can also sign in here directly. "
        "Your wallet and your keys stay as they are.",
        "button": "Save",
    }

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and request.user.has_usable_password():
            return redirect(settings.LOGIN_REDIRECT_URL)
        if request.user.is_authenticated and (asks := confirm_first(request, then=request.path)):
            return asks
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: EmailAndPasswordForm) -> HttpResponse:
        user = User.objects.get(pk=cast(User, self.request.user).pk)
        user.claimed_email = form.cleaned_data["email"]
        user.set_password(form.cleaned_data["password1"])
        user.save(update_fields=["claimed_email", "password"])
        update_session_auth_hash(self.request, user)  # else the new password would end this session
        reauthentication.record(self.request, reauthentication.PASSWORD)
        ask_to_prove(self.request, user)
        return redirect(settings.LOGIN_REDIRECT_URL)


class NewEmailPage(LoginRequiredMixin, BareLabels, FormView[NewEmailForm]):
    """The present address stays until the new one's mailbox has answered."""

    form_class = NewEmailForm
    template_name = "accounts/form.html"
    success_url = reverse_lazy("account")
    extra_context = {"title": "Change your email", "button": "Send the link"}

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not request.user.has_usable_password():
            return redirect("email-and-password")
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def form_valid(self, form: NewEmailForm) -> HttpResponse:
        user = form.user
        user.claimed_email = form.cleaned_data["email"]
        user.save(update_fields=["claimed_email"])
        ask_to_prove(self.request, user)
        return super().form_valid(form)
