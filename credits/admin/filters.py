from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.timezone import now

from accounts.models import User
from conway.common.clock import CLOCK_STEP, midnight
from credits.history import first_id

MOST_PEOPLE = 200
SINCE, UNTIL = "since", "until"
DAY = timedelta(days=1)
PRESETS = {"Today": 0, "Yesterday and today": 1, "Past 7 days": 6, "Past 30 days": 29}


class WrittenOffFilter(admin.SimpleListFilter):
    title, parameter_name = "written off", "written_off"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("some", "some, since the last top-up"), ("stopped", "so much that it is stopped")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        least = {"some": 0, "stopped": settings.CONWAY_MOST_WRITE_OFF_CENTS}.get(self.value() or "")
        return queryset if least is None else queryset.filter(written_off_cents__gt=least)


class PersonFilter(admin.SimpleListFilter):
    """Filters by a member of staff; who is staff no longer is found by their id in the address."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        staff = User.objects.filter(is_staff=True).order_by("email")[:MOST_PEOPLE]
        return [(str(user.pk), str(user)) for user in staff]

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if (value := self.value()) is None:
            return queryset
        is_id = value.isdecimal() and len(value) < 19
        return queryset.filter(**{str(self.parameter_name): int(value)}) if is_id else queryset.none()


class DaysFilter(admin.ListFilter):
    """Filters from one day to another, UTC, both included."""

    title = "day (UTC)"
    template = "admin/days_filter.html"
    column = "created_at"
    is_of_order = True  # lists are in the order of time

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: type[Model], model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.since, self.until = (day(params.pop(name, [""])[-1]) for name in (SINCE, UNTIL))
        for name, chosen in ((SINCE, self.since), (UNTIL, self.until)):
            if chosen:
                self.used_parameters[name] = chosen.isoformat()

    def expected_parameters(self) -> list[str | None]:
        return [SINCE, UNTIL]

    def has_output(self) -> bool:
        return True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.since:
            queryset = self.starting(queryset, midnight(self.since))
        return self.ending(queryset, midnight(self.until) + DAY) if self.until else queryset

    def starting(self, queryset: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        return queryset.filter(**{f"{self.column}__gte": moment})

    def ending(self, queryset: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        return queryset.filter(**{f"{self.column}__lt": moment})

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        self.others = [(name, value) for name, value in changelist.params.items() if name not in (SINCE, UNTIL)]
        yield self.choice(changelist, "Any", None)
        for title, days_back in PRESETS.items():
            yield self.choice(changelist, title, now().date() - days_back * DAY)

    def choice(self, changelist: ChangeList, title: str, since: date | None) -> dict[str, Any]:
        link = changelist.get_query_string({SINCE: since} if since else {}, [SINCE, UNTIL])
        return {"selected": self.since == since and not self.until, "query_string": link, "display": title}


class DaysOfIdsFilter(DaysFilter):
    """For a table whose ids rise with its dates and whose lists are in the order of ids: PostgreSQL cannot know that,
    and would read from the newest row on to find an old month. Each date becomes a bound on ids as well.
    """

    def starting(self, queryset: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        return super().starting(queryset, moment).filter(id__gte=first_id(queryset.model, moment - CLOCK_STEP))

    def ending(self, queryset: QuerySet[Any], moment: datetime) -> QuerySet[Any]:
        return super().ending(queryset, moment).filter(id__lt=first_id(queryset.model, moment + CLOCK_STEP))


def day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise IncorrectLookupParameters from error
