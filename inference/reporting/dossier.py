"""Everything that staff ask about one user, on one page. Each is asked for when it is shown, by an index."""

from datetime import timedelta
from functools import cached_property
from operator import attrgetter
from typing import Any

from accounts.models import ApiKey, BrowserSession, User
from credits.figures import Figures, database_now, figures
from credits.history import Filters
from credits.key_use import with_use
from credits.models import BillingDetails, CreditAccount, CreditTransaction, NoticeSettings
from credits.spend import DAYS
from credits.statements import NO_CHARGES
from inference.models import Completion, RefusedHour
from inference.reporting.margin import with_paid

SHOWN = 8


class Dossier:
    def __init__(self, user: User) -> None:
        self.user = user

    @cached_property
    def account(self) -> CreditAccount:
        return CreditAccount.objects.for_user(self.user).first() or CreditAccount(user=self.user)

    @cached_property
    def by_key(self) -> dict[Any, Figures]:
        """Of the same 30 days as the customer's overview."""
        since = database_now().date() - timedelta(days=DAYS - 1)
        return {key: sums for (key,), sums in figures(self.user.pk, Filters(since=since), by=("key",)).items()}

    @property
    def spent(self) -> Figures:
        return sum(self.by_key.values(), Figures())

    @property
    def top_ups(self) -> list[CreditTransaction]:
        found = CreditTransaction.objects.for_user(self.user).filter(type=CreditTransaction.Type.TOP_UP)
        return list(found.select_related("made_by", "approved_by").newest_first()[:SHOWN])

    @property
    def notes(self) -> list[CreditTransaction]:
        """What staff wrote for staff, with what they booked: each type at its place in an index, not among charges."""
        written = CreditTransaction.objects.for_user(self.user).exclude(internal_note="").newest_first()
        written = written.select_related("made_by", "approved_by")
        found = [entry for type in NO_CHARGES for entry in written.filter(type=type)[:SHOWN]]
        return sorted(found, key=attrgetter("pk"), reverse=True)[:SHOWN]

    @property
    def keys(self) -> list[tuple[ApiKey, int]]:
        living = with_use(ApiKey.objects.filter(user=self.user, revoked_at=None).order_by("-pk"))
        return [(key, self.by_key.get(key.pk, Figures()).spent) for key in living[:SHOWN]]

    @property
    def sessions(self) -> list[BrowserSession]:
        return list(BrowserSession.objects.filter(user=self.user, expire_date__gt=database_now())[:SHOWN])

    @property
    def requests(self) -> list[Completion]:
        return list(with_paid(Completion.objects.filter(user=self.user)).order_by("-created_at", "-id")[:SHOWN])

    @property
    def refusals(self) -> list[RefusedHour]:
        return list(RefusedHour.objects.filter(user=self.user).select_related("key").order_by("-hour")[:SHOWN])

    @property
    def billing(self) -> BillingDetails | None:
        return BillingDetails.objects.filter(user=self.user).first()

    @property
    def notices(self) -> NoticeSettings | None:
        return NoticeSettings.objects.filter(user=self.user).first()
