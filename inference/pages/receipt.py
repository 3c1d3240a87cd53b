from dataclasses import dataclass
from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import User
from inference.pages.price_table import BUCKET_TITLES
from inference.reporting import receipts
from inference.reporting.receipts import Line, OpenReceipt, Receipt

SEES_ALL = "inference.view_completion"


@dataclass(frozen=True)
class TitledLine:
    title: str
    line: Line


@require_safe
@login_required
def receipt_page(request: HttpRequest, completion_id: str) -> HttpResponse:
    """Its owner's; staff who may read completions see everybody's, and the margin."""
    user = cast(User, request.user)
    for_staff = user.has_perm(SEES_ALL)
    found = receipts.find(completion_id, user_id=None if for_staff else user.pk)
    if found is None:
        raise Http404
    if isinstance(found, OpenReceipt):
        return render(request, "inference/receipt_open.html", {"receipt": found})
    whose = None if found.completion.user_id == user.pk else found.completion.user
    return render(request, "inference/receipt.html", {**facts(found), "for_staff": for_staff, "whose": whose})


def facts(receipt: Receipt) -> dict[str, object]:
    saved = None if receipt.cache_saved_cents is None else receipt.cache_saved_cents / 100
    return {
        "cache_saved": saved,
        "cache_saved_shown": None if saved is None else abs(saved),
        "receipt": receipt,
        "completion": receipt.completion,
        "lines": [TitledLine(BUCKET_TITLES[line.bucket], line) for line in receipt.lines],
        "before_rounding": receipt.exact_cents / 100,
        "markup_usd": receipt.exact_cents / 100 - receipt.cost_usd,
        "rounding": receipt.rounding_cents / 100,
    }
