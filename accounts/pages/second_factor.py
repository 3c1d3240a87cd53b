"""The second factor: shown at sign-in or before something that matters, set up, taken away."""

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import reauthentication, second_factor, signing_in
from accounts.models import Passkey, TotpApp, User
from accounts.pages.confirm_first import confirm_first
from accounts.second_factor import passkeys, recovery, totp
from conway.common import shown_once

WRONG = "That was not right. A code works once: wait for the next one, or use another way."
SECRET = "totp"  # in the session, sealed: of an app that has not shown a code yet
CODES_COOKIE = "recovery_codes"
CODES_SECONDS = 300
LAST_OF_STAFF = "Staff need a second factor here: set up another one first."


def then_of(request: HttpRequest) -> str:
    then = request.POST.get("next") or request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(then, {request.get_host()}, require_https=request.is_secure())
    return then if is_ours else reverse("account")


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class SecondStepPage(View):
    """Between the password and the session."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user = signing_in.waiting(request)
        return self.page(request, user) if user else redirect("sign-in")

    def post(self, request: HttpRequest) -> HttpResponse:
        if (user := signing_in.waiting(request)) is None:
            return redirect("sign-in")
        if second_factor.is_shown(request, user):
            return signing_in.complete(request, user)
        return self.page(request, user, WRONG)

    def page(self, request: HttpRequest, user: User, problem: str = "") -> HttpResponse:
        context = {
            "title": "One more step",
            "waits": user,
            "problem": problem,
            "button": "Sign in",
            **ways(request, user),
        }
        return render(request, "accounts/second_step.html", context, status=400 if problem else 200)


def ways(request: HttpRequest, user: User) -> dict[str, Any]:
    """How this user may show it, for `accounts/second_factor_fields.html`."""
    options = passkeys.begin(request, user)
    return {"has_app": TotpApp.objects.filter(user=user).exists(), "passkey_options": options}


def confirmation(request: HttpRequest) -> dict[str, Any]:
    """For a form that moves money, and `admin/confirmation.html` in it."""
    if reauthentication.is_recently_confirmed(request):
        return {"asks_confirmation": False}
    user = cast(User, request.user)
    is_set_up = second_factor.is_set_up(user)
    problem = "This is not your password, or the code was used before." if reauthentication.was_tried(request) else ""
    context = {"asks_confirmation": True, "is_set_up": is_set_up, "problem": problem}
    return context | (ways(request, user) if is_set_up else {})


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class ConfirmPage(LoginRequiredMixin, View):
    """Whoever is signed in shows once more that it is them: by their second factor, or else by their password."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user = cast(User, request.user)
        if not second_factor.is_set_up(user) and request.GET.get("for") == "staff":
            messages.warning(request, "The staff admin asks for a second factor: set one up here first.")
            return redirect("second-factor")
        return self.page(request, user)

    def post(self, request: HttpRequest) -> HttpResponse:
        user = cast(User, request.user)
        shows = reauthentication.shows_second_factor if second_factor.is_set_up(user) else enters_password
        if shows(request):
            return redirect(then_of(request))
        return self.page(request, user, WRONG if second_factor.is_set_up(user) else "This is not your password.")

    def page(self, request: HttpRequest, user: User, problem: str = "") -> HttpResponse:
        is_set_up = second_factor.is_set_up(user)
        context = {
            "title": "Is it you?",
            "problem": problem,
            "next": then_of(request),
            "button": "Confirm",
            "is_set_up": is_set_up,
            **(ways(request, user) if is_set_up else {}),
        }
        return render(request, "accounts/confirm.html", context, status=400 if problem else 200)


def enters_password(request: HttpRequest) -> bool:
    return reauthentication.enters_password(request, request.POST.get("password", ""))


@method_decorator(never_cache, name="dispatch")
class SecondFactorPage(LoginRequiredMixin, View):
    def get(self, request: HttpRequest) -> HttpResponse:
        user = cast(User, request.user)
        context = {
            "app": TotpApp.objects.filter(user=user).first(),
            "passkeys": Passkey.objects.filter(user=user),
            "most": passkeys.MOST,
            "codes_left": recovery.left(user),
            "is_required": user.is_staff and settings.CONWAY_STAFF_SECOND_FACTOR,
        }
        return render(request, "accounts/second_factor.html", context)


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class ConfirmedPage(LoginRequiredMixin, View):
    """What changes a second factor, for whoever has just shown what they have."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = request.user
        path = request.path if request.method == "GET" else reverse("second-factor")
        if isinstance(user, User) and (asks := confirm_first(request, then=path)):
            return asks
        return super().dispatch(request, *args, **kwargs)

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    def set_up(self, what: str) -> HttpResponse:
        """The first factor brings recovery codes along."""
        reauthentication.record(self.request, reauthentication.SECOND_FACTOR)
        second_factor.tell(self.user, f"{what} was set up as your second factor")
        messages.success(self.request, f"{what.capitalize()} is set up. You are asked for it from the next sign-in on.")
        return redirect("second-factor") if recovery.left(self.user) else show_codes(self.user)


class AppPage(ConfirmedPage):
    def get(self, request: HttpRequest) -> HttpResponse:
        sealed = request.session[SECRET] = totp.new_sealed_secret()
        return self.page(sealed)

    def post(self, request: HttpRequest) -> HttpResponse:
        if (sealed := request.session.get(SECRET)) is None:
            return redirect("second-factor-app")
        if not totp.enrol(self.user, sealed, request.POST.get("code", "")):
            return self.page(sealed, "This is not the code that the app shows now.")
        del request.session[SECRET]
        return self.set_up("an authenticator app")

    def page(self, sealed: str, problem: str = "") -> HttpResponse:
        secret = totp.secret_of(sealed)
        address = totp.address_of(secret, self.user)
        context = {"secret": secret, "address": address, "picture": totp.picture(address), "problem": problem}
        return render(self.request, "accounts/authenticator_app.html", context, status=400 if problem else 200)


class PasskeyForm(forms.Form):
    name = forms.CharField(max_length=60, widget=forms.TextInput(attrs={"placeholder": "my phone"}))
    passkey = forms.CharField(max_length=passkeys.LONGEST_ANSWER, widget=forms.HiddenInput)


class NewPasskeyPage(ConfirmedPage):
    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(PasskeyForm(label_suffix=""))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PasskeyForm(request.POST, label_suffix="")
        if form.is_valid():
            if passkeys.keep(request, self.user, form.cleaned_data["name"], form.cleaned_data["passkey"]):
                return self.set_up("a passkey")
            form.add_error(None, "The passkey could not be made. Try it again, here and on the device.")
        return self.page(form)

    def page(self, form: PasskeyForm) -> HttpResponse:
        context = {"form": form, "passkey_options": passkeys.begin_making(self.request, self.user)}
        return render(self.request, "accounts/new_passkey.html", context, status=400 if form.errors else 200)


class RemovePage(ConfirmedPage):
    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        found = self.found()
        if found is None:
            return redirect("second-factor")
        what, rows, others = found
        is_needed = self.user.is_staff and settings.CONWAY_STAFF_SECOND_FACTOR and not others
        if is_needed:
            messages.error(request, LAST_OF_STAFF)
        elif rows.delete()[0]:
            second_factor.tell(self.user, f"{what} was removed from your account")
            messages.success(request, f"{what.capitalize()} is removed.")
        return redirect("second-factor")

    def found(self) -> tuple[str, Any, bool] | None:
        """What is to go, and whether something else stays."""
        apps, keys = TotpApp.objects.filter(user=self.user), Passkey.objects.filter(user=self.user)
        if "app" in self.request.POST:
            return "the authenticator app", apps, keys.exists()
        named = self.request.POST.get("passkey", "")
        if not named.isdecimal() or len(named) > 18:
            return None
        return "a passkey", keys.filter(pk=int(named)), apps.exists() or keys.exclude(pk=int(named)).exists()


class RecoveryCodesPage(ConfirmedPage):
    def get(self, request: HttpRequest) -> HttpResponse:
        codes = kept_codes(request)
        text = "\n".join(["Recovery codes of Conway Inference; each works once.", str(self.user), "", *codes, ""])
        answer = render(request, "accounts/recovery_codes.html", {"codes": codes, "text": text})
        shown_once.forget(answer, request, cookie=CODES_COOKIE)
        return answer

    def post(self, request: HttpRequest) -> HttpResponse:
        if not second_factor.is_set_up(self.user):
            return redirect("second-factor")
        second_factor.tell(self.user, "new recovery codes were made; the old ones no longer work")
        return show_codes(self.user)


def show_codes(user: User) -> HttpResponse:
    """A reload makes no others, and no table holds them."""
    secret = " ".join([str(user.pk), *recovery.issue(user)])
    return shown_once.redirect_with(secret, reverse("recovery-codes"), cookie=CODES_COOKIE, seconds=CODES_SECONDS)


def kept_codes(request: HttpRequest) -> list[str]:
    """Nobody's but their owner's, whoever brings the cookie."""
    owner, *codes = (shown_once.secret_of(request, cookie=CODES_COOKIE, seconds=CODES_SECONDS) or "").split(" ")
    return codes if owner == str(request.user.pk) else []
