"""What staff and commands book. A repeated reference is the same transaction: it is returned, and nothing moves.

`reason` is shown to the customer, `note` to staff only; `address` is where the member of staff `by` sits. What goes
beyond their ceiling raises `AboveCeiling`, after every other rule was asked: a second person may book it (requests.py).
"""

import re

from django.db import IntegrityError, transaction

from accounts.models import User
from credits import page_notifications
from credits.ledger import ceilings
from credits.ledger.amounts import (
    InvalidText,
    UnableToPost,
    dollars,
    payment_text,
    plain_text,
    positive_cents,
    signed_cents,
)
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


class PaymentBooked(UnableToPost):
    pass


OWN_ACCOUNT = "Nobody books on their own account: ask a colleague."


class OwnAccount(UnableToPost):
    pass


def top_up(
    *,
    user: User,
    cents: int,
    reference: str,
    reason: str,
    by: User | None,
    payment: str = "",
    note: str = "",
    address: str | None = None,
) -> CreditTransaction:
    """What staff top up names the payment it answers; each payment is booked once."""
    entry = _entry(Type.TOP_UP, user.pk, positive_cents(cents), reference, reason, by, note, address)
    entry.payment_reference = payment_text(payment) if payment or by else None
    return post(entry)


def adjust(
    *,
    user: User,
    cents: int,
    reference: str,
    reason: str,
    by: User | None,
    note: str = "",
    address: str | None = None,
) -> CreditTransaction:
    """Adds or, with negative cents, takes away; never what is held for requests under way."""
    return post(_entry(Type.ADJUSTMENT, user.pk, signed_cents(cents), reference, reason, by, note, address))


def refund(
    *,
    reference: str,
    cents: int,
    reason: str,
    by: User | None,
    attempt: str = "",
    note: str = "",
    address: str | None = None,
) -> CreditTransaction:
    """Gives back part of the charge `inference:<completion id>`; a second refund of it needs its own `attempt`."""
    charge = charge_of(reference)
    if attempt and (attempt == "corrected" or not re.fullmatch(r"[\w-]{1,100}", attempt, re.ASCII)):
        raise InvalidText("An attempt is a word of letters, digits, - and _, other than corrected.")
    word = reference.removeprefix("inference:") + (f".{attempt}" if attempt else "")
    entry = _entry(Type.REFUND, charge.account_id, positive_cents(cents), word, reason, by, note, address)
    entry.refers_to, entry.details, entry.key_id = reference, charge.details, charge.key_id
    return post(entry)


def let_ask(*, user_id: int, by: User) -> bool:
    """Staff looked at what was written off: the account may ask again. Whether there was anything to look at."""
    if by.pk == user_id:
        raise OwnAccount(OWN_ACCOUNT)
    return CreditAccount.objects.filter(user_id=user_id, written_off_cents__gt=0).update(written_off_cents=0) > 0


def refundable_cents(reference: str) -> int:
    """What a charge, its correction, its write-off and its refunds have cost the user by now."""
    return -sum(CreditTransaction.objects.about(reference).values_list("amount_cents", flat=True))


def charge_of(reference: str) -> CreditTransaction:
    booked = CreditTransaction.objects.about(reference).filter(type=Type.INFERENCE).order_by("id")
    if not reference.startswith("inference:") or (charge := booked.first()) is None:
        raise UnknownCharge(f"There is no charge with the reference {reference}.")
    return charge


def _entry(
    type: Type, user_id: int, cents: int, reference: str, reason: str, by: User | None, note: str, address: str | None
) -> CreditTransaction:
    if by is not None and by.pk == user_id:
        raise OwnAccount(OWN_ACCOUNT)
    return CreditTransaction(
        account_id=user_id,
        type=type,
        amount_cents=cents,
        reference=f"{type}:{plain_text(reference, 'a reference')}",
        reason=plain_text(reason, "a reason"),
        internal_note=plain_text(note, "a note") if note else "",
        made_by=by,
        made_from=address,
    )


def post(entry: CreditTransaction) -> CreditTransaction:
    try:
        with transaction.atomic():
            return _book(entry)
    except IntegrityError:  # the same reference, or payment, booked at the same time on another account?
        if (earlier := CreditTransaction.objects.filter(reference=entry.reference).first()) is not None:
            return _same(earlier, entry)
        _payment_is_new(entry)
        raise


def _book(entry: CreditTransaction) -> CreditTransaction:
    ceilings.lock(entry)
    account = _locked(entry.account_id)
    if (earlier := CreditTransaction.objects.filter(reference=entry.reference).first()) is not None:
        return _same(earlier, entry)
    _payment_is_new(entry)
    if entry.type == Type.REFUND and entry.amount_cents > (left := refundable_cents(str(entry.refers_to))):
        raise NotRefundable(f"At most {dollars(left)} of this charge can be refunded.", refundable_cents=left)
    if account.available_cents + entry.amount_cents < 0:
        raise BelowHeld(f"Only {dollars(account.available_cents)} is available; the rest is held or not there.")
    ceilings.check(entry)
    account.balance_cents += entry.amount_cents
    account.save(update_fields=["balance_cents"])
    entry.balance_after_cents = account.balance_cents
    entry.save(force_insert=True)
    page_notifications.announce(entry.account_id)
    return entry


def _payment_is_new(entry: CreditTransaction) -> None:
    if entry.payment_reference is None:
        return
    booked = CreditTransaction.objects.paid_by(entry.payment_reference).select_related("account__user").first()
    if booked is not None:
        raise PaymentBooked(
            f"The payment {booked.payment_reference} was booked on {booked.created_at:%Y-%m-%d %H:%M} UTC, "
            f"{dollars(booked.amount_cents)} for {booked.account.user}."
        )


def _locked(user_id: int) -> CreditAccount:
    """The account, its row made if this is its first transaction; whoever else books on it waits here."""
    CreditAccount.objects.bulk_create([CreditAccount(user_id=user_id)], ignore_conflicts=True)
    return CreditAccount.objects.select_for_update(no_key=True).get(user_id=user_id)


def _same(earlier: CreditTransaction, entry: CreditTransaction) -> CreditTransaction:
    booked, new = ((e.account_id, e.type, e.amount_cents) for e in (earlier, entry))
    if booked != new:
        raise ReferenceReused(f"{entry.reference} is booked already, with another account, amount or type.")
    return earlier
