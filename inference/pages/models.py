"""Models and prices, for everybody; and whether dearer successors may answer, for whoever is signed in."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from inference.catalog.pricing import MARKUP
from inference.pages.price_table import Offer, offers
from inference.upstream.providers import PROVIDERS, Provider

TAKES: dict[str, tuple[str, Callable[[Offer], bool]]] = {
    "image": ("Images", lambda offer: "image" in offer.listing.traits.inputs),
    "file": ("Documents", lambda offer: "file" in offer.listing.traits.inputs),
    "audio": ("Audio", lambda offer: "audio" in offer.listing.traits.inputs),
    "video": ("Video", lambda offer: "video" in offer.listing.traits.inputs),
    "reasoning": ("Reasoning", lambda offer: offer.listing.traits.thinking != "none"),
}
SORTS: dict[str, tuple[str, Callable[[Offer], Any] | None]] = {
    "": ("Provider, newest first", None),
    "input": ("Price of input", lambda offer: offer.price.sheet.tiers[0].price("input")),
    "output": ("Price of output", lambda offer: offer.price.sheet.tiers[0].price("output")),
    "context": ("Longest context", lambda offer: -offer.listing.traits.context_tokens),
}


class ModelFilter(forms.Form):
    provider = forms.ChoiceField(
        required=False, choices=[("", "All"), *((name, provider.title) for name, provider in PROVIDERS.items())]
    )
    takes = forms.ChoiceField(
        required=False, choices=[("", "Anything"), *((name, title) for name, (title, _) in TAKES.items())]
    )
    sort = forms.ChoiceField(required=False, choices=[(name, title) for name, (title, _) in SORTS.items()])

    def chosen(self, name: str) -> str:
        """Nothing, where the address says what is not on the list."""
        return self.cleaned_data.get(name, "") if self.is_valid() or not self.errors.get(name) else ""

    def groups(self, offered: Iterable[Offer]) -> Iterator["Group"]:
        provider, takes = self.chosen("provider"), self.chosen("takes")
        found = [
            offer
            for offer in offered
            if provider in ("", offer.listing.provider.name) and (not takes or TAKES[takes][1](offer))
        ]
        if (key := SORTS[self.chosen("sort")][1]) is not None:
            yield Group(None, sorted(found, key=key))
            return
        for by, same in groupby(found, key=lambda offer: offer.listing.provider):
            yield Group(by, list(same))


@dataclass(frozen=True)
class Group:
    """A table of the page; without a provider, of models of several."""

    provider: Provider | None
    offers: list[Offer]


def moved_to_v1(request: HttpRequest, name: str = "") -> HttpResponse:
    return HttpResponse(status=308, headers={"location": f"/v1{request.get_full_path()}"})


@require_safe
def models_page(request: HttpRequest) -> HttpResponse:
    """A client whose base URL lacks /v1 is sent to the list it means."""
    if "authorization" in request.headers:
        return moved_to_v1(request)
    chosen = ModelFilter(request.GET)
    groups = [group for group in chosen.groups(offers()) if group.offers]
    return render(request, "inference/models.html", {"groups": groups, "markup": MARKUP, "filter": chosen})


@login_required
@require_POST
def follow_successors(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    user.follows_successors = request.POST.get("follow") == "on"
    user.save(update_fields=["follows_successors"])
    may = "may" if user.follows_successors else "do not"
    messages.success(request, f"Saved: dearer successors {may} answer.")
    return redirect("models")
