"""What staff and commands book. A repeated reference is the same transaction: it is returned, and nothing moves."""

import re
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from credits import page_notifications
from credits.ledger.amounts import InvalidText, UnableToPost, plain_text, positive_cents, signed_cents
from credits.models import CreditAccount, CreditTransaction

Type = CreditTransaction.Type


class ReferenceReused(UnableToPost):
    pass


class BelowHeld(UnableToPost):
    pass


class UnknownCharge(UnableToPost):
    pass


class NotRefundable(UnableToPost):
    def __init__(self, message: str, *, refundable_cents: int) -> None:
        super().__init__(message)
        self.refundable_cents = refundable_cents


def top_up(*, user: User, cents: int, reference: str, reason: str, by: User | None) -> CreditTransaction:
    return _post(
        user_id=user.pk, type=Type.TOP_UP, cents=positive_cents(cents), reference=reference, reason=reason, made_by=by
    )


def adjust(*, user: User, cents: int, reference: str, reason: str, by: User | None) -> CreditTransaction:
    """Adds or, with negative cents, takes away; never what is held for requests under way."""
    return _post(
        user_id=user.pk, type=Type.ADJUSTMENT, cents=signed_cents(cents), reference=reference, reason=reason, made_by=by
    )


def refund(*, reference: str, cents: int, reason: str, by: User | None, attempt: str = "") -> CreditTransaction:
    """Gives back part of the charge `inference:<completion id>`; a second refund of it needs its own `attempt`."""
    charge = _charge(reference)
    if attempt and (attempt == "corrected" or not re.fullmatch(r"[\w-]{1,100}", attempt, re.ASCII)):
        raise InvalidText("An attempt is a word of letters, digits, - and _, other than corrected.")
    return _post(
        user_id=charge.account_id,
        type=Type.REFUND,
        cents=positive_cents(cents),
        reference=reference.removeprefix("inference:") + (f".{attempt}" if attempt else ""),
        reason=reason,
        made_by=by,
        refers_to=reference,
        details=charge.details,
        key_id=charge.key_id,
    )


def let_ask(*, user_id: int) -> bool:
    """Staff looked at what was written off: the account may ask again. Whether there was anything to look at."""
    return CreditAccount.objects.filter(user_id=user_id, written_off_cents__gt=0).update(written_off_cents=0) > 0


def refundable_cents(reference: str) -> int:
    """What a charge, its correction, its write-off and its refunds have cost the user by now."""
    return -sum(CreditTransaction.objects.about(reference).values_list("amount_cents", flat=True))


def _charge(reference: str) -> CreditTransaction:
    booked = CreditTransaction.objects.about(reference).filter(type=Type.INFERENCE).order_by("id")
    if not reference.startswith("inference:") or (charge := booked.first()) is None:
        raise UnknownCharge(f"There is no charge with the reference {reference}.")
    return charge


def _post(
    *, user_id: int, type: Type, cents: int, reference: str, reason: str, made_by: User | None, **more: Any
) -> CreditTransaction:
    reference = f"{type}:{plain_text(reference, 'a reference')}"
    entry = CreditTransaction(
        account_id=user_id,
        type=type,
        amount_cents=cents,
        reference=reference,
        reason=plain_text(reason, "a reason"),
        made_by=made_by,
        **more,
    )
    try:
        with transaction.atomic():
            return _book(entry)
    except IntegrityError:  # the same reference, booked at the same time on another account?
        if (earlier := CreditTransaction.objects.filter(reference=reference).first()) is None:
            raise
        return _same(earlier, entry)


def _book(entry: CreditTransaction) -> CreditTransaction:
    account = _locked(entry.account_id)
    if (earlier := CreditTransaction.objects.filter(reference=entry.reference).first()) is not None:
        return _same(earlier, entry)
    if entry.type == Type.REFUND and entry.amount_cents > (left := refundable_cents(str(entry.refers_to))):
        raise NotRefundable(f"At most {left} cents of this charge can be refunded.", refundable_cents=left)
    if account.available_cents + entry.amount_cents < 0:
        raise BelowHeld(f"Only {account.available_cents} cents are available; the rest is held or not there.")
    account.balance_cents += entry.amount_cents
    account.save(update_fields=["balance_cents"])
    entry.balance_after_cents = account.balance_cents
    entry.save(force_insert=True)
    page_notifications.announce(entry.account_id)
    return entry


def _locked(user_id: int) -> CreditAccount:
    """The account, its row made if this is its first transaction; whoever else books on it waits here."""
    CreditAccount.objects.bulk_create([CreditAccount(user_id=user_id)], ignore_conflicts=True)
    return CreditAccount.objects.select_for_update(no_key=True).get(user_id=user_id)


def _same(earlier: CreditTransaction, entry: CreditTransaction) -> CreditTransaction:
    told, asked = ((e.account_id, e.type, e.amount_cents) for e in (earlier, entry))
    if told != asked:
        raise ReferenceReused(f"{entry.reference} is booked already, with another account, amount or type.")
    return earlier
