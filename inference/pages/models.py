from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inference.catalog.pricing import MARKUP
from inference.pages.price_table import offers


def moved_to_v1(request: HttpRequest, name: str = "") -> HttpResponse:
    return HttpResponse(status=308, headers={"location": f"/v1{request.get_full_path()}"})


@require_safe
def models_page(request: HttpRequest) -> HttpResponse:
    """For everybody: prices are no secret. A client whose base URL lacks /v1 is sent to the list it means."""
    if "authorization" in request.headers:
        return moved_to_v1(request)
    by_provider = groupby(offers(), key=lambda offer: offer.listing.provider)
    providers = [(provider, list(offered)) for provider, offered in by_provider]
    return render(request, "inference/models.html", {"providers": providers, "markup": MARKUP})
