"""Django's own password views, in our words and frame. A new password ends whatever the old one signed in."""

from typing import Any

from django.contrib.auth import views
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse_lazy
from django.views.generic import TemplateView

from accounts import links, lockout, reauthentication
from accounts.forms import ChangePasswordForm, ForgottenPasswordForm, NewPasswordForm
from accounts.models import ApiKey, User, WalletAddress
from accounts.pages.labels import BareLabels
from accounts.pages.mails import mail_once
from conway.common import outbox


class PasswordChangePage(BareLabels, views.PasswordChangeView):
    form_class = ChangePasswordForm
    template_name = "accounts/form.html"
    success_url = reverse_lazy("password_change_done")
    title = "Change your password"
    extra_context = {"button": "Change password"}

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        reauthentication.record(self.request, reauthentication.PASSWORD)
        if form.cleaned_data["revoke_keys"]:
            ApiKey.objects.filter(user=form.user).revoke()
        return answer


class PasswordChangedPage(views.PasswordChangeDoneView):
    template_name = "accounts/message.html"
    title = "Your password is changed"
    extra_context = {
        "text": "You stay signed in here; every other browser, token and sign-in link is ended.",
        "link": "/",
        "button": "To the overview",
    }


class PasswordResetPage(BareLabels, views.PasswordResetView):
    form_class = ForgottenPasswordForm
    template_name = "accounts/form.html"
    title = "Forgot your password?"
    extra_context = {"intro": "We send a link to your email that lets you set a new one.", "button": "Send the link"}

    def form_valid(self, form: ForgottenPasswordForm) -> HttpResponse:
        """Whether anybody has this email is looked up after the answer: how long that takes tells nobody."""
        mail_once(
            self.request, form.cleaned_data["email"].lower(), lambda: outbox.post(lambda: self.send(form.found()))
        )
        return redirect("password_reset_done")

    def send(self, user: User | None) -> None:
        if user is not None:
            links.send_way_in(user, self.request)


class PasswordResetSentPage(views.PasswordResetDoneView):
    template_name = "accounts/message.html"
    title = "Look into your inbox"
    extra_context = {
        "text": "If there is an account with this email, a link is on its way. It works once, for three days."
    }


class PasswordResetConfirmPage(BareLabels, views.PasswordResetConfirmView):
    form_class = NewPasswordForm
    token_generator = links.reset_tokens
    template_name = "accounts/password_reset_confirm.html"
    title = "Set a new password"
    extra_context = {"button": "Save"}

    def form_valid(self, form: Any) -> HttpResponse:
        answer = super().form_valid(form)
        user: User = form.user
        if user.email and user.email_proven_at is None:
            user.prove(user.email)  # the link came by mail
        if form.cleaned_data.get("revoke_keys"):
            ApiKey.objects.filter(user=user).revoke()
        lockout.unlock(user)
        return answer


class PasswordResetDonePage(views.PasswordResetCompleteView):
    template_name = "accounts/message.html"
    title = "Your new password is set"
    extra_context = {
        "text": "Whatever was signed in with the old one is signed out. You can sign in with the new one now.",
        "link": reverse_lazy("sign-in"),
        "button": "Sign in",
    }


class AccountPage(LoginRequiredMixin, TemplateView):
    template_name = "accounts/account.html"

    def get_context_data(self, **context: object) -> dict[str, object]:
        return super().get_context_data(wallets=WalletAddress.objects.filter(user=self.request.user.pk), **context)
