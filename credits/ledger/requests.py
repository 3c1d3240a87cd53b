"""What a second person decides. One who may not book something alone asks; another one, with the same right, books it.

The ledger's row then names both: who asked and when, and who approved. The database refuses an approved row that was
not asked for exactly so, and a request that is decided twice.
"""

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.timezone import now

from accounts.models import User
from credits.ledger import postings
from credits.ledger.amounts import UnableToPost
from credits.models import CreditTransaction, MoveRequest, MoveRequestQuerySet

Decision = MoveRequest.Decision
COPIED = ("type", "amount_cents", "reference", "refers_to", "payment_reference", "reason", "internal_note")


class NotOpen(UnableToPost):
    pass


class NotYours(UnableToPost):
    pass


def ask(entry: CreditTransaction) -> MoveRequest:
    """Asks a second person for the entry that `AboveCeiling` carries; twice (a double click) it is one request."""
    request = MoveRequest(
        **{name: getattr(entry, name) for name in COPIED},
        user_id=entry.account_id,
        requested_by=entry.made_by,
        requested_from=entry.made_from,
        expires_at=now() + timedelta(hours=settings.CONWAY_STAFF_REQUEST_HOURS),
    )
    try:
        with transaction.atomic():
            if waiting := _waiting_for(request.payment_reference).exclude(reference=request.reference).first():
                raise UnableToPost(f"The payment {waiting.payment_reference} waits for a second person already.")
            request.save(force_insert=True)
            return request
    except IntegrityError:
        if (earlier := MoveRequest.objects.filter(reference=request.reference).first()) is None:
            raise
    if any(getattr(earlier, name) != getattr(request, name) for name in ("user_id", "amount_cents", "requested_by_id")):
        raise postings.ReferenceReused(f"{request.reference} was asked for already, with another account or amount.")
    return earlier


def approve(
    request_id: int,
    *,
    by: User,
    address: str | None = None,
    may_book: Callable[[User, MoveRequest], bool] = lambda person, request: True,
) -> CreditTransaction:
    """`may_book` says whether who asked still has the right to; it is looked at when the request is locked."""
    with transaction.atomic():
        request = _open(request_id)
        if by.pk in (request.requested_by_id, request.user_id):
            raise NotYours("Somebody else approves it: neither who asked for it nor whose account it is.")
        if not request.requested_by.is_active:
            raise NotOpen(f"{request.requested_by} asked for it and is not active any more.")
        if not may_book(request.requested_by, request):
            raise NotOpen(f"Nothing is booked: {request.requested_by} may not book this any more.")
        entry = postings.post(_entry(request, by, address))
        _decide(request, Decision.APPROVED, by, address, entry)
        return entry


def refuse(request_id: int, *, by: User, address: str | None = None) -> None:
    """Refuses a request; whoever asked for it withdraws it by this."""
    with transaction.atomic():
        request = _open(request_id)
        _decide(
            request, Decision.WITHDRAWN if by.pk == request.requested_by_id else Decision.REFUSED, by, address, None
        )


def _open(request_id: int) -> MoveRequest:
    """Locked, so that two decisions take turns."""
    request = MoveRequest.objects.select_for_update(no_key=True).get(pk=request_id)
    if request.decision:
        raise NotOpen(f"This request is decided: {request.decision}.")
    if not MoveRequest.objects.open().filter(pk=request_id).exists():
        raise NotOpen("This request has expired. Ask for it again.")
    return request


def _entry(request: MoveRequest, approved_by: User, address: str | None) -> CreditTransaction:
    entry = CreditTransaction(
        **{name: getattr(request, name) for name in COPIED},
        account_id=request.user_id,
        made_by=request.requested_by,
        made_from=request.requested_from,
        requested_at=request.requested_at,
        approved_by=approved_by,
        approved_from=address,
    )
    if request.type == CreditTransaction.Type.REFUND:
        charge = postings.charge_of(str(request.refers_to))
        entry.details, entry.key_id = charge.details, charge.key_id
    return entry


def _decide(
    request: MoveRequest, decision: Decision, by: User, address: str | None, entry: CreditTransaction | None
) -> None:
    request.decision, request.decided_by, request.decided_from, request.entry = decision, by, address, entry
    request.decided_at = Now()  # the database's clock
    request.save(update_fields=["decision", "decided_by", "decided_from", "decided_at", "entry"])


def _waiting_for(payment: str | None) -> MoveRequestQuerySet:
    waiting = MoveRequest.objects.open()
    return waiting.filter(payment_reference__iexact=payment) if payment else waiting.none()
