from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from credits.chart import chart
from credits.models import CreditAccount, CreditTransaction, FundingNote
from credits.spend import DAY, RATE_DAYS, spend, titles

LATEST = 8


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Who is not signed in sees what this is."""
    if not request.user.is_authenticated:
        return redirect_to_login("/") if "hx-request" in request.headers else render(request, "credits/landing.html")
    spent = spend(request.user.pk)
    account = CreditAccount.objects.for_user(request.user).first() or CreditAccount()
    latest = CreditTransaction.objects.for_user(request.user).newest_first().select_related("key")[:LATEST]
    context = {
        "account": account,
        "today": spent.over(1),
        "week": spent.over(7),
        "month": spent.over(30),
        "last_day": spent.today,
        "week_since": spent.today - 6 * DAY,
        "month_since": spent.since,
        "days_left": spent.days_left(account.available_cents),
        "rate_days": RATE_DAYS,
        "chart": chart(spent, titles(spent)),
        "entries": list(latest),
        "funding_note": FundingNote.current(),
    }
    return render(request, "credits/overview.html", context)
