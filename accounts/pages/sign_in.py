"""Signing in, and the list of what is signed in: browsers by their session, programs by their refresh token."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from accounts import sessions, signing_in
from accounts.models import ApiKey, BrowserSession, RefreshToken, SignInLink, User
from accounts.pages.labels import BareLabels, browser_of

MOST_LISTED = 100

# Whom a one-time link signs in is known already; the other backend is for passwords.
BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignInPage(BareLabels, LoginView):
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True
    extra_context = {"title": "Sign in", "button": "Sign in"}

    def form_valid(self, form: Any) -> HttpResponse:
        user = cast(User, form.get_user())
        return signing_in.enter(self.request, user, cast(Any, user).backend, self.get_success_url())


@dataclass(frozen=True)
class SignIn:
    """A line of the list. `name` tells them apart and signs nobody in."""

    name: str
    what: str
    began_at: datetime | None
    seen_at: datetime | None
    address: str | None
    is_this: bool = False


@method_decorator(never_cache, name="dispatch")
class SessionsPage(LoginRequiredMixin, View):
    def get(self, request: HttpRequest) -> HttpResponse:
        user = cast(User, request.user)
        keys = ApiKey.objects.filter(user=user, revoked_at=None).count()
        listed = [*browsers(request, user), *programs(user)]
        return render(request, "accounts/sessions.html", {"sign_ins": listed, "keys": keys})

    def post(self, request: HttpRequest) -> HttpResponse:
        user = cast(User, request.user)
        if "everywhere" in request.POST:
            self.end_everything(request, user)
        elif "keys" in request.POST:
            revoked = ApiKey.objects.filter(user=user).revoke()
            messages.success(request, f"Revoked {revoked} API keys.")
        else:
            end(user, request.POST.get("end", ""))
            messages.success(request, "It is signed out.")
        return redirect("sessions")

    def end_everything(self, request: HttpRequest, user: User) -> None:
        user.sign_out_everywhere()
        BrowserSession.objects.filter(user=user).exclude(pk=request.session.session_key).delete()
        update_session_auth_hash(request, user)
        messages.success(request, "You are signed out everywhere but here.")


def browsers(request: HttpRequest, user: User) -> list[SignIn]:
    return [
        SignIn(
            name_of(row),
            browser_of(row.agent),
            row.began_at,
            row.seen_at,
            row.address,
            row.session_key == request.session.session_key,
        )
        for row in sessions.of(user)
    ]


def programs(user: User) -> list[SignIn]:
    return [
        SignIn(str(row.family), row.agent or "A program", cast(Any, row).began_at, row.created_at, row.address)
        for row in RefreshToken.living(user)[:MOST_LISTED]
    ]


def end(user: User, name: str) -> None:
    """Nothing happens for a name that is not of this user."""
    for row in sessions.of(user):
        if name_of(row) == name:
            row.delete()
    try:
        family = uuid.UUID(name)
    except ValueError:
        return
    if RefreshToken.objects.filter(user=user, family=family).exists():
        RefreshToken.revoke_family(family)
        SignInLink.objects.filter(user=user, used_at=None).delete()  # it may have had one made


def name_of(row: BrowserSession) -> str:
    """Its key is its cookie and is not to stand on a page."""
    return hashlib.sha256(row.session_key.encode()).hexdigest()
