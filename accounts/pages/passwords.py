"""Django's own password views, in our words and frame."""

from functools import partial

from django.contrib.auth import views
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponseRedirect
from django.urls import reverse_lazy
from django.views.generic import TemplateView

from accounts.models import WalletAddress
from accounts.pages.labels import BareLabels
from conway.common import outbox


class PasswordChangePage(BareLabels, views.PasswordChangeView):
    template_name = "accounts/form.html"
    success_url = reverse_lazy("password_change_done")
    title = "Change your password"
    extra_context = {"button": "Change password"}


class PasswordChangedPage(views.PasswordChangeDoneView):
    template_name = "accounts/message.html"
    title = "Your password is changed"
    extra_context = {
        "text": "You stay signed in here; other browsers are signed out. API keys are not touched.",
        "link": "/",
        "button": "To the overview",
    }


class PasswordResetPage(BareLabels, views.PasswordResetView):
    template_name = "accounts/form.html"
    email_template_name = "accounts/password_reset_email.txt"
    subject_template_name = "accounts/password_reset_subject.txt"
    title = "Forgot your password?"
    extra_context = {"intro": "We send a link to your email that lets you set a new one.", "button": "Send the link"}

    def form_valid(self, form: PasswordResetForm) -> HttpResponseRedirect:
        """Whether anybody has this email is looked up after the answer: how long that takes tells nobody."""
        outbox.post(
            partial(
                form.save,
                domain_override=self.request.get_host(),
                use_https=self.request.is_secure(),
                email_template_name=self.email_template_name,
                subject_template_name=self.subject_template_name,
            )
        )
        return HttpResponseRedirect(self.get_success_url())


class PasswordResetSentPage(views.PasswordResetDoneView):
    template_name = "accounts/message.html"
    title = "Look into your inbox"
    extra_context = {
        "text": "If there is an account with this email, a link is on its way. It works once, for three days."
    }


class PasswordResetConfirmPage(BareLabels, views.PasswordResetConfirmView):
    template_name = "accounts/password_reset_confirm.html"
    title = "Set a new password"
    extra_context = {"button": "Save"}


class PasswordResetDonePage(views.PasswordResetCompleteView):
    template_name = "accounts/message.html"
    title = "Your new password is set"
    extra_context = {"text": "You can sign in with it now.", "link": reverse_lazy("sign-in"), "button": "Sign in"}


class AccountPage(LoginRequiredMixin, TemplateView):
    template_name = "accounts/account.html"

    def get_context_data(self, **context: object) -> dict[str, object]:
        return super().get_context_data(wallets=WalletAddress.objects.filter(user=self.request.user.pk), **context)
