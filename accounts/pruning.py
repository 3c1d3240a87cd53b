"""What is over and helps nobody any more is removed, in pieces that hold no lock for long."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import ApiKey, Attempts, BrowserSession, Nonce, RefreshToken, SignInLink, SignInPlace

PIECE = 5000
KEPT = timedelta(days=1)  # links that are over, so that "it was used" can be told from "there was none"


def over(now: datetime) -> dict[str, QuerySet[Any]]:
    return {
        "sessions": BrowserSession.objects.filter(expire_date__lte=now),
        "sessions of older releases": Session.objects.filter(expire_date__lte=now),
        "nonces": Nonce.objects.filter(expires_at__lte=now),
        "attempts": Attempts.objects.filter(ends_at__lte=now),
        "sign-in links": SignInLink.objects.filter(expires_at__lte=now - KEPT),
        # A revoked one speaks for its family as long as a descendant may live, which is one more lifetime.
        "refresh tokens": RefreshToken.objects.filter(expires_at__lte=now - RefreshToken.LIFETIME),
        "places": SignInPlace.objects.filter(seen_at__lte=now - SignInPlace.KEPT),
    }


def prune() -> dict[str, int]:
    """How many of each were removed."""
    now = timezone.now()
    removed = {name: sum(pieces(rows)) for name, rows in over(now).items()}
    forgotten = ApiKey.objects.filter(~Q(previous_digest=None), previous_until__lte=now - KEPT)
    return removed | {"old secrets": forgotten.update(previous_digest=None, previous_until=None)}


def pieces(rows: QuerySet[Any]) -> list[int]:
    removed = []
    while pks := list(rows.values_list("pk", flat=True)[:PIECE]):
        removed.append(rows.model._default_manager.filter(pk__in=pks).delete()[0])
    return removed
