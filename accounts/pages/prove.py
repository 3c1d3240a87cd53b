from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import links, lockout, mail, signing_in
from accounts.forms import NewPasswordForm, ProveForm
from accounts.models import ApiKey, User
from accounts.pages.email_and_password import ask_to_prove
from accounts.sessions import PASSWORD_BACKEND

TAKEN = "This address has been proven by another account meanwhile. Sign in to that one."


def is_mailbox_enough(user: User) -> bool:
    """Whether who reads the mailbox may take the account. Not where it has another way in that was its owner's before:
    a typing error in a new address must not give the account away.
    """
    is_about_another = user.email is not None and user.email != links.address_to_prove(user)
    is_in_use = user.email_proven_at is not None or user.has_usable_password()
    return not (is_about_another and is_in_use) and not user.wallets.exists()


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class ProvePage(View):
    """Opening the link only asks. Whoever is signed in as its user says yes; who is not sets a password, which ends
    whatever somebody else may have signed in with.
    """

    user: User | None
    is_theirs = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        self.user = links.read(kwargs.pop("uid"), kwargs.pop("token"))
        if self.user is None:
            return self.page("gone", status=410)
        self.is_theirs = request.user == self.user
        if not self.is_theirs and not is_mailbox_enough(self.user):
            return self.page("sign_in_first")
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page("form", form=self.form(None))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid():
            return self.page("form", form=form)
        assert self.user
        try:
            with transaction.atomic():
                self.prove(self.user, form)
        except IntegrityError:
            return self.page("gone", status=410, why=TAKEN)
        answer = self.signed_in(self.user)
        messages.success(request, f"{self.user.email} is yours.")
        return answer

    def prove(self, user: User, form: Form) -> None:
        before = user.email
        if isinstance(form, NewPasswordForm):
            form.save()
        user.prove(str(links.address_to_prove(user)))
        if form.cleaned_data.get("end_sessions"):
            user.sign_out_everywhere()
        if form.cleaned_data.get("revoke_keys"):
            ApiKey.objects.filter(user=user).revoke()
        lockout.unlock(user)
        if before and before != user.email:
            mail.tell_of_new_email(before, user, by_staff=not self.is_theirs)  # who is not signed in got it by staff

    def signed_in(self, user: User) -> HttpResponse:
        if not self.is_theirs:
            return signing_in.enter(self.request, user, PASSWORD_BACKEND)
        update_session_auth_hash(self.request, user)
        return redirect(settings.LOGIN_REDIRECT_URL)

    def form(self, data: Any) -> Form:
        if self.is_theirs:
            return ProveForm(data, label_suffix="")
        form = NewPasswordForm(self.user, data, label_suffix="")
        if "revoke_keys" in form.fields:
            form.fields["revoke_keys"].initial = True  # whoever made them did not read this mailbox
        return form

    def page(self, name: str, status: int = 200, **context: Any) -> HttpResponse:
        address = self.user and links.address_to_prove(self.user)
        facts = {"state": name, "signs_in": self.user, "address": address, "theirs": self.is_theirs}
        return render(self.request, "accounts/prove.html", {**facts, **context}, status=status)


@require_POST
@login_required
def send_again(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    if user.claimed_email:
        ask_to_prove(request, user)
    return redirect("account")
