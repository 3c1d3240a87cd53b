from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings

from accounts import access_tokens
from accounts.models import User
from conway.common.clock import BETWEEN_MACHINES
from conway.common.errors import ApiError


def test_it_lasts_sixty_minutes(alice: User) -> None:
    claims = access_tokens.verify(access_tokens.access_token(alice))
    assert claims.user_id == alice.pk
    assert timedelta(minutes=59) < claims.expires_at - datetime.now(UTC) <= timedelta(minutes=60)


def test_it_is_not_signed_with_the_secret_key_itself(alice: User) -> None:
    token = access_tokens.access_token(alice)
    with override_settings(SECRET_KEY="another"), pytest.raises(ApiError, match="not valid"):
        access_tokens.verify(token)


def test_it_says_when_it_has_expired(alice: User) -> None:
    with pytest.raises(ApiError, match="has expired"):
        access_tokens.verify(access_tokens.access_token(alice, lifetime=-BETWEEN_MACHINES - timedelta(seconds=1)))
