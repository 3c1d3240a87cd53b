"""One box for whatever staff have at hand: it leads to the page or the list where that is found."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from accounts.lookup import users_named
from accounts.models import ApiKey
from conway.common.errors import REQUEST_ID
from inference.models import Completion

COMPLETION_ID = "chatcmpl-"


def find(request: HttpRequest) -> HttpResponse:
    """Each page asks by itself whether its reader may read it."""
    term = request.GET.get("q", "").replace("\x00", "").strip()
    return redirect(place_of(term) if term else reverse("admin:index"))


def place_of(term: str) -> str:
    if term.startswith((REQUEST_ID, COMPLETION_ID)):
        found = Completion.objects.filter(**{"request_id" if term.startswith(REQUEST_ID) else "pk": term})
        ids = list(found.values_list("pk", flat=True)[:2])
        if len(ids) == 1:
            return reverse("admin:inference_completion_change", args=ids)
        return listed("inference_completion", term)
    if term.startswith(ApiKey.PREFIX):  # of a whole secret only what we keep of it goes into an address
        return listed("accounts_apikey", term[: len(ApiKey.PREFIX) + 5])
    users = users_named(term)
    if len(users) == 1:
        return reverse("admin:accounts_user_change", args=users)
    return listed("accounts_user" if users else "credits_credittransaction", term)


def listed(name: str, term: str) -> str:
    return f"{reverse(f'admin:{name}_changelist')}?{urlencode({'q': term})}"
