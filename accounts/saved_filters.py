"""Staff save filters of a list, each for themselves, and find them above that list."""

from typing import cast

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.models import SavedFilter, User
from accounts.models.saved_filter import LONGEST_NAME, LONGEST_QUERY

MOST = 20  # of one person in one list
LIST = "_changelist"
PLACES = ("after", "before", "e", "p")  # of an address, beside its filters: where in the list somebody was


def of_page(request: HttpRequest) -> list[SavedFilter]:
    match = request.resolver_match
    listed = (match.url_name or "") if match else ""
    if not listed.endswith(LIST):
        return []
    return list(SavedFilter.objects.filter(user=request.user.pk, listed=listed.removesuffix(LIST)).order_by("name"))


@require_POST
def save(request: HttpRequest, *, site: AdminSite) -> HttpResponse:
    """Under a name that is there already, it takes the old one's place."""
    listed, name = (request.POST.get(field, "").replace("\x00", "").strip() for field in ("listed", "name"))
    page = list_page(site, request, listed)
    query = filters_of(request.POST.get("query", ""))
    if not name or len(name) > LONGEST_NAME or not query or len(query) > LONGEST_QUERY:
        messages.error(request, f"Nothing was saved: set a filter, and a name of at most {LONGEST_NAME} letters.")
        return redirect(page)
    mine = SavedFilter.objects.filter(user=request.user.pk, listed=listed)
    if mine.exclude(name=name).count() >= MOST:
        messages.error(request, f"You keep {MOST} filters of this list; remove one first.")
    else:
        mine.update_or_create(user=cast(User, request.user), listed=listed, name=name, defaults={"query": query})
        messages.success(request, f"Kept: {name}.")
    return redirect(f"{page}?{query}")


@require_POST
def remove(request: HttpRequest, pk: int, *, site: AdminSite) -> HttpResponse:
    saved = get_object_or_404(SavedFilter, pk=pk, user=request.user.pk)
    saved.delete()
    messages.success(request, f"No longer kept: {saved}.")
    return redirect(list_page(site, request, saved.listed))


def list_page(site: AdminSite, request: HttpRequest, listed: str) -> str:
    """The address of a list; only where this person may look at it."""
    for model, model_admin in site._registry.items():
        if f"{model._meta.app_label}_{model._meta.model_name}" == listed:
            if not model_admin.has_view_permission(request):
                raise PermissionDenied
            return reverse(f"admin:{listed}{LIST}")
    raise Http404


def filters_of(query: str) -> str:
    parameters = QueryDict(query.removeprefix("?").replace("\x00", ""), mutable=True)
    for name in PLACES:
        parameters.pop(name, None)
    return parameters.urlencode()
