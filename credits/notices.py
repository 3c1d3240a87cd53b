"""Accounts get notices of a low balance, of a key at its limit, and of the week. One serving process looks at each
account that was charged since the last look; no request waits for it.
"""

from collections.abc import Iterable
from datetime import date, timedelta

from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import mail
from accounts.models import ApiKey, User
from credits.figures import Figures, database_now, total
from credits.history import Filters
from credits.key_use import window_end, with_use
from credits.models import CreditAccount, CreditTransaction, NoticeScan, NoticeSettings, Webhook
from credits.spend import DAY, RATE_DAYS
from credits.templatetags.money import usd
from credits.webhooks import tell

SETTLING = timedelta(seconds=15)  # ids are committed in about their order: those so new are left for the next look
IDS_AT_ONCE = 20_000
WEEKS_AT_ONCE = 200


def look() -> int:
    """How many accounts were looked at here: several processes may look at once, each at pieces of its own."""
    send_weeks()
    looked = 0
    while (charged := charged_since_last_look()) is not None:
        for user_id, keys in charged.items():
            look_at(user_id, keys)
        looked += len(charged)
    return looked


def charged_since_last_look() -> dict[int, set[int]] | None:
    """Accounts, and their keys, of a piece that nobody else looks at; None at the end. The first look begins with the
    present: nobody is told of years ago.
    """
    while (piece := next_piece()) is not None:
        since, upto = piece
        if NoticeScan.objects.filter(pk=1, position=since).update(position=upto):
            return charged_in(since, upto)
    return None


def next_piece() -> tuple[int, int] | None:
    """The next piece of transactions to look at: after which id it begins, and with which it ends."""
    settled = (
        CreditTransaction.objects.filter(created_at__lt=Now() - SETTLING).order_by("-id").values_list("id", flat=True)
    )
    newest = settled.first() or 0
    scan, is_new = NoticeScan.objects.get_or_create(pk=1, defaults={"position": newest})
    if is_new or newest <= scan.position:
        return None
    return scan.position, min(newest, scan.position + IDS_AT_ONCE)


def charged_in(since: int, upto: int) -> dict[int, set[int]]:
    rows = CreditTransaction.objects.filter(id__gt=since, id__lte=upto, type=CreditTransaction.Type.INFERENCE)
    charged: dict[int, set[int]] = {}
    for user_id, key_id in rows.order_by().values_list("account_id", "key_id").distinct():
        charged.setdefault(user_id, set()).update({key_id} if key_id else ())
    return charged


def look_at(user_id: int, keys: Iterable[int]) -> None:
    user = User.objects.select_related("notice_settings").get(pk=user_id)
    preferences: NoticeSettings = getattr(user, "notice_settings", None) or NoticeSettings(user=user)
    if preferences.told_low_at is None:
        look_at_balance(user, preferences)
    for key in with_use(ApiKey.objects.filter(pk__in=keys, limit_cents__isnull=False)):
        if key.left_cents == 0:  # type: ignore[attr-defined]  # with_use adds it
            tell_of_key(key)


def look_at_balance(user: User, preferences: NoticeSettings) -> None:
    account = CreditAccount.objects.for_user(user).first() or CreditAccount()
    today = database_now().date()
    spent = total(user.pk, Filters(since=today - (RATE_DAYS - 1) * DAY, until=today)).spent
    if account.available_cents * RATE_DAYS >= preferences.low_days * spent:
        return
    if not is_first_to_tell(user.pk):
        return
    facts = {
        "available_cents": account.available_cents,
        "balance_cents": account.balance_cents,
        "spent_7_days_cents": spent,
        "low_days": preferences.low_days,
    }
    tell(user.pk, Webhook.Event.LOW_BALANCE, f"{database_now():%Y-%m-%dT%H:%M:%S.%f}", facts)
    if preferences.by_email and user.email:
        mail.send(user.email, "low_balance", {"available": usd(account.available_cents), "week": usd(spent), **facts})


def is_first_to_tell(user_id: int) -> bool:
    NoticeSettings.objects.bulk_create([NoticeSettings(user_id=user_id)], ignore_conflicts=True)
    return NoticeSettings.objects.filter(user=user_id, told_low_at=None).update(told_low_at=Now()) > 0


def tell_of_key(key: ApiKey) -> None:
    """Tells the owner of a key at its limit, once for each of its windows and limits."""
    end = window_end(key.limit_period, database_now())
    window = end.isoformat() if end else "in total"
    facts = {
        "key_id": key.pk,
        "name": key.name,
        "prefix": key.prefix,
        "limit_cents": key.limit_cents,
        "resets_at": end.isoformat() if end else None,
    }
    tell(key.user_id, Webhook.Event.KEY_LIMIT, f"key {key.pk} {key.limit_cents} {window}", facts)


def send_weeks() -> int:
    """Sends a summary to whoever wants one and has none of last week."""
    today = database_now().date()
    monday = today - (today.isoweekday() - 1) * DAY
    waiting = NoticeSettings.objects.filter(weekly=True).exclude(weekly_sent_for=monday).select_related("user")
    sent = 0
    for preferences in waiting[:WEEKS_AT_ONCE]:
        unsent = NoticeSettings.objects.filter(pk=preferences.pk).exclude(weekly_sent_for=monday)
        is_ours = unsent.update(weekly_sent_for=monday)
        if is_ours and preferences.user.email:
            send_week(preferences.user, monday - 7 * DAY)
            sent += 1
    return sent


def send_week(user: User, monday: date) -> None:
    week: Figures = total(user.pk, Filters(since=monday, until=monday + 6 * DAY))
    account = CreditAccount.objects.for_user(user).first() or CreditAccount()
    cents = {
        "topped_up": week.topped_up,
        "charged": week.charged,
        "given_back": week.given_back,
        "spent": week.spent,
        "balance": account.balance_cents,
    }
    amounts = {name: usd(sum) for name, sum in cents.items()}
    mail.send(str(user.email), "week", {**amounts, "since": monday, "until": monday + 6 * DAY})


def banner(request: HttpRequest) -> dict[str, object]:
    """Tells every page whether the user's balance was found low, and not topped up since."""

    def is_low() -> bool:
        return NoticeSettings.objects.filter(pk=request.user.pk, told_low_at__isnull=False).exists()

    user = getattr(request, "user", None)
    return {"is_low": SimpleLazyObject(is_low) if user is not None and user.is_authenticated else False}
