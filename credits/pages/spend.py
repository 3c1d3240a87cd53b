"""What was spent, as its address asks: any days, by day, week or month, by model or key."""

from datetime import date, timedelta
from typing import Any, cast

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from credits.chart import chart
from credits.figures import database_now
from credits.pages.filters import Day
from credits.spend import DAY, DAYS, STEPS, WHATS, last_of, spend, this_month, titles

MOST_BARS = 100
MOST_DAYS = timedelta(days=3660)


class SpendForm(forms.Form):
    since = forms.DateField(required=False, label="From", widget=Day)
    until = forms.DateField(required=False, label="Until", widget=Day)
    step = forms.ChoiceField(required=False, label="A bar is", choices=[(step, f"a {step}") for step in STEPS])
    what = forms.ChoiceField(required=False, label="By", choices=[("model", "model"), ("key", "API key")])

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.today = today

    def clean(self) -> dict[str, Any]:
        """What is not said is the last 30 days, by day and model."""
        fields: dict[str, Any] = super().clean() or {}
        today = self.today
        until = fields.get("until") or today
        since = fields.get("since") or until - (DAYS - 1) * DAY
        if since > until:
            raise forms.ValidationError("The last day is before the first.")
        if until - since > MOST_DAYS or until > today + MOST_DAYS:
            raise forms.ValidationError("These are more than ten years.")
        step = fields.get("step") or "day"
        while (until - since).days // {"day": 1, "week": 7, "month": 28}[step] >= MOST_BARS and step != "month":
            step = STEPS[STEPS.index(step) + 1]  # else nobody could tell the bars apart
        return {"since": since, "until": until, "step": step, "what": fields.get("what") or WHATS[0]}


@require_safe
@login_required
def spend_page(request: HttpRequest) -> HttpResponse:
    user_id, today = cast(int, request.user.pk), database_now().date()
    form = SpendForm(request.GET, today=today)
    context: dict[str, Any] = {"form": form, "presets": presets(today)}
    spending = None
    if form.is_valid():
        fields = form.cleaned_data
        form = SpendForm(fields, today=today)  # what is not said is shown, too
        spending = spend(
            user_id, fields["since"], fields["until"], step=fields["step"], what=fields["what"], today=today
        )
        names = titles(spending)
        sums = [(name, names[name], cents) for name, cents in spending.sums().items()]
        context |= {"form": form, "spend": spending, "chart": chart(spending, names), "sums": sums}
    return render(request, "credits/spend.html", {**context, "month": this_month(user_id, today, spending)})


def presets(today: date) -> list[tuple[str, date, date, str]]:
    """Title, from, until, step."""
    first = today.replace(day=1)
    before = first - DAY
    return [
        ("7 days", today - 6 * DAY, today, "day"),
        ("30 days", today - 29 * DAY, today, "day"),
        ("This month", first, last_of(today, "month"), "day"),
        ("Last month", before.replace(day=1), before, "day"),
        ("90 days", today - 89 * DAY, today, "week"),
        ("This year", today.replace(month=1, day=1), today, "month"),
    ]
