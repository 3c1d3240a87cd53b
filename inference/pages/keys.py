from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import ApiKey, User
from credits.key_use import with_use
from inference.pages.key_form import KeyForm

REVOKED_SHOWN = 50


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def keys_page(request: HttpRequest) -> HttpResponse:
    """The secret is in the answer to the form and nowhere else, so a reload cannot show it again."""
    user = cast(User, request.user)
    form = KeyForm(request.POST or None, user=user)
    if form.is_valid():
        key, secret = form.issue()
        return render(request, "inference/key_made.html", {"key": key, "secret": secret})
    keys = ApiKey.objects.filter(user=user).order_by("-pk")
    context = {
        "form": form,
        "keys": with_use(keys.filter(revoked_at=None)),
        "revoked": keys.exclude(revoked_at=None)[:REVOKED_SHOWN],
        "now": now(),
    }
    return render(request, "inference/keys.html", context, status=400 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_page(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(ApiKey, pk=pk, user=request.user.pk)
    if request.method == "POST":
        key.revoke()
        messages.success(request, f"The key {key} is revoked.")
        return redirect("keys")
    return render(request, "inference/key_revoke.html", {"key": key})
