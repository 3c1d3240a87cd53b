from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import access_tokens
from accounts.models import RefreshToken, User

Post = Callable[..., Any]


def test_it_gives_way_to_the_next(post: Post, alice: User) -> None:
    first = RefreshToken.issue(alice)
    answer = post("refresh", {"refresh_token": first})
    assert access_tokens.verify(answer.json()["access_token"]).user_id == alice.pk
    assert post("refresh", {"refresh_token": answer.json()["refresh_token"]}).status_code == 200


def test_using_one_twice_revokes_the_family_and_no_other(post: Post, alice: User) -> None:
    first, of_another_sign_in = RefreshToken.issue(alice), RefreshToken.issue(alice)
    second = post("refresh", {"refresh_token": first}).json()["refresh_token"]
    assert post("refresh", {"refresh_token": first}).status_code == 401
    assert post("refresh", {"refresh_token": second}).status_code == 401
    assert post("refresh", {"refresh_token": of_another_sign_in}).status_code == 200


@pytest.mark.parametrize("moment", ["expires_at", "revoked_at"])
def test_it_refuses_an_expired_or_revoked_one(post: Post, alice: User, moment: str) -> None:
    token = RefreshToken.issue(alice)
    RefreshToken.objects.update(**{moment: timezone.now() - timedelta(seconds=1)})
    answer = post("refresh", {"refresh_token": token})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_refresh_token")


def test_it_refuses_a_deactivated_user_and_an_unknown_token(post: Post, alice: User) -> None:
    token = RefreshToken.issue(alice)
    User.objects.update(is_active=False)
    assert post("refresh", {"refresh_token": token}).status_code == 401
    assert post("refresh", {"refresh_token": "cnwy_r_unknown"}).status_code == 401


def test_tokens_long_dead_are_swept_by_new_ones(alice: User) -> None:
    for days in (29, 31):
        RefreshToken.issue(alice)
        RefreshToken.objects.filter(expires_at__gt=timezone.now()).update(
            expires_at=timezone.now() - timedelta(days=days)
        )
    RefreshToken.issue(alice)
    assert RefreshToken.objects.count() == 2


def test_an_access_token_is_no_refresh_token_nor_the_reverse(post: Post, alice: User, jwt: str) -> None:
    assert post("refresh", {"refresh_token": jwt}).status_code == 401
    assert post("sign-in-link", auth=f"Bearer {RefreshToken.issue(alice)}").status_code == 401


def test_of_many_refreshes_at_once_one_succeeds_and_the_family_is_revoked(transactional_db: None, alice: User) -> None:
    def rotate(token: str) -> str | None:
        try:
            return (RefreshToken.rotate(token) or (None, None))[1]
        finally:
            connection.close()

    first = RefreshToken.issue(alice)
    with ThreadPoolExecutor(8) as threads:
        won = [token for token in threads.map(rotate, [first] * 8) if token]
    assert len(won) == 1
    assert RefreshToken.rotate(won[0]) is None
