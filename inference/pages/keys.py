"""The keys of whoever is signed in: made, changed, paused, rotated, revoked."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import reauthentication
from accounts.models import ApiKey, User
from accounts.pages.confirm_first import confirm_first, confirmation_address
from conway.common import shown_once
from credits.key_use import add_meter, month_spend, with_use
from inference.pages.key_form import ChangedKeyForm, KeyForm, RotationForm

REVOKED_SHOWN = 50
SECRET_COOKIE = "new_key"
SECRET_SECONDS = 60


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def keys_page(request: HttpRequest) -> HttpResponse:
    """`edit` in the address puts a key's form in the place of its row; what it says is posted to `key_page`."""
    user = cast(User, request.user)
    if request.method == "POST" and "edit" in request.GET:
        raise Http404  # what was meant for a key that is there makes no new one
    edited = edited_key(request)
    form = KeyForm(request.POST or None, user=user)
    if form.is_valid():
        return confirm_first(request, then=f"{request.path}#new") or show_secret(*form.issue())
    keys = ApiKey.objects.filter(user=user).order_by("-pk")
    spent = month_spend(user.pk)
    living, moment = list(with_use(keys.filter(revoked_at=None))), now()
    for key in living:
        add_meter(key, moment)
    context = {
        "form": form,
        "edited": edited,
        "change": ChangedKeyForm(key=edited, auto_id=f"key-{edited.pk}-%s") if edited else None,
        "keys": [(key, spent.get(key.pk, 0)) for key in living],
        "revoked": keys.exclude(revoked_at=None)[:REVOKED_SHOWN],
        "month_since": moment.date().replace(day=1),
        "now": moment,
        "may_make": reauthentication.may_add_way_in(request, user),
        "confirmation_address": confirmation_address(f"{request.path}#new"),
    }
    return render(request, "inference/keys.html", context, status=400 if form.errors else 200)


def edited_key(request: HttpRequest) -> ApiKey | None:
    key_id = request.GET.get("edit", "")
    return (
        own_living_key(request, int(key_id)) if key_id.isascii() and key_id.isdecimal() and len(key_id) < 19 else None
    )


def show_secret(key: ApiKey, secret: str) -> HttpResponse:
    address = reverse("key-secret", args=[key.pk])
    return shown_once.redirect_with(secret, address, cookie=SECRET_COOKIE, seconds=SECRET_SECONDS)


@never_cache
@login_required
@require_safe
def secret_page(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, pk=pk, user=request.user.pk)
    secret = shown_once.secret_of(request, cookie=SECRET_COOKIE, seconds=SECRET_SECONDS)
    answer = render(request, "inference/key_made.html", {"key": key, "secret": secret})
    shown_once.forget(answer, request, cookie=SECRET_COOKIE)
    return answer


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def key_page(request: HttpRequest, pk: int) -> HttpResponse:
    key = own_living_key(request, pk)
    form = ChangedKeyForm(request.POST or None, key=key)
    if form.is_valid():
        form.save()
        messages.success(request, f"The key {key} is changed.")
        return redirect("keys")
    context = {
        "form": form,
        "key": key,
        "rotation": RotationForm(label_suffix=""),
        "now": now(),
        "may_make": reauthentication.may_add_way_in(request, cast(User, request.user)),
        "confirmation_address": confirmation_address(request.path),
    }
    return render(request, "inference/key.html", context, status=400 if form.errors else 200)


@login_required
@require_POST
def pause_key(request: HttpRequest, pk: int) -> HttpResponse:
    key = own_living_key(request, pk)
    key.pause("pause" in request.POST)
    messages.success(request, f"The key {key} is {'paused' if key.paused_at else 'in use again'}.")
    return redirect("keys")


@login_required
@require_POST
def rotate_key(request: HttpRequest, pk: int) -> HttpResponse:
    key = own_living_key(request, pk)
    form = RotationForm(request.POST)
    if not form.is_valid():
        return redirect("key", pk=pk)
    return confirm_first(request, then=reverse("key", args=[pk])) or show_secret(key, form.rotate(key))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_page(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, pk=pk, user=request.user.pk)
    if request.method == "POST":
        key.revoke()
        messages.success(request, f"The key {key} is revoked.")
        return redirect("keys")
    return render(request, "inference/key_revoke.html", {"key": key})


def own_living_key(request: HttpRequest, pk: int) -> ApiKey:
    return get_object_or_404(ApiKey, pk=pk, user=request.user.pk, revoked_at=None)
