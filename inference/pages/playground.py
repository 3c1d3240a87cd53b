from datetime import timedelta
from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import access_tokens
from accounts.models import User
from inference.pages.price_table import offers

LIFETIME = timedelta(minutes=5)  # of the token a playground calls the API with; its script fetches one a question

CHOICES = [("model", "Model"), ("second", "Beside it"), ("third", "And beside it")]
SNIPPETS = [("as-curl", "curl"), ("as-python", "Python"), ("as-typescript", "TypeScript")]


@require_safe
@login_required
def playground_page(request: HttpRequest) -> HttpResponse:
    """Models that can answer here."""
    models = [offer for offer in offers() if offer.listing.is_available]
    context = {"offers": models, "choices": CHOICES, "snippets": SNIPPETS}
    return render(request, "inference/playground.html", context)


@never_cache
@require_POST
@login_required
def playground_token(request: HttpRequest) -> HttpResponse:
    """By POST, so that another site's page cannot have one made; and it could not read the answer. For inference alone:
    a browser that is signed out from afar must not leave behind a token that makes keys and sign-in links.
    """
    token = access_tokens.access_token(cast(User, request.user), lifetime=LIFETIME, scope="inference")
    return JsonResponse({"token": token})
