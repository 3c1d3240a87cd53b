"""The machine that signs an access token and the one that reads it do not agree what time it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts import access_tokens
from accounts.models import User
from conway.common.errors import ApiError

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_by(monkeypatch: pytest.MonkeyPatch, alice: User) -> Any:
    """A token of a machine whose clock is so far ahead of ours."""

    def sign(ahead: timedelta, **how: Any) -> str:
        class Theirs(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return datetime.now(tz) + ahead

        with monkeypatch.context() as theirs:
            theirs.setattr(access_tokens, "datetime", Theirs)
            return access_tokens.access_token(alice, **how)

    return sign


@pytest.mark.parametrize("seconds", [1.2, 25, -1.2, -25])
def test_a_token_of_a_machine_whose_clock_is_off_by_seconds_is_taken(
    signed_by: Any, alice: User, seconds: float
) -> None:
    assert access_tokens.verify(signed_by(timedelta(seconds=seconds))).user_id == alice.pk


def test_a_token_of_a_machine_that_is_a_minute_ahead_is_refused(signed_by: Any) -> None:
    with pytest.raises(ApiError, match="not valid"):
        access_tokens.verify(signed_by(timedelta(minutes=1)))


def test_a_token_whose_hour_is_over_by_seconds_is_still_taken_and_by_a_minute_not(signed_by: Any) -> None:
    claims = access_tokens.verify(signed_by(-access_tokens.LIFETIME - timedelta(seconds=1.2)))
    assert claims.expires_at < datetime.now(UTC)  # so it is looked at each time
    with pytest.raises(ApiError, match="has expired"):
        access_tokens.verify(signed_by(-access_tokens.LIFETIME - timedelta(minutes=1)))
