from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inference.catalog.pricing import MARKUP
from inference.pages.price_table import offers


@require_safe
def models_page(request: HttpRequest) -> HttpResponse:
    """For everybody: prices are no secret."""
    by_provider = groupby(offers(), key=lambda offer: offer.listing.provider)
    providers = [(provider, list(offered)) for provider, offered in by_provider]
    return render(request, "inference/models.html", {"providers": providers, "markup": MARKUP})
