from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import SignInLink, User

Post = Callable[..., Any]


@pytest.fixture
def link(post: Post, jwt: str) -> str:
    answer = post("sign-in-link", auth=f"Bearer {jwt}")
    assert answer.status_code == 201
    return urlsplit(answer.json()["url"]).path


def test_looking_at_it_signs_nobody_in_and_does_not_use_it_up(client: Client, link: str) -> None:
    for _ in range(2):
        page = client.get(link)
    assert page.status_code == 200 and b"Alice" in page.content
    assert "no-store" in page["cache-control"]
    assert "_auth_user_id" not in client.session


def test_pressing_the_button_signs_in_once(client: Client, link: str, alice: User) -> None:
    answer = client.post(link)
    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(alice.pk)
    assert Client().post(link).status_code == Client().get(link).status_code == 410


def test_the_button_is_protected_against_forgery(link: str) -> None:
    assert Client(enforce_csrf_checks=True).post(link).status_code == 403


def test_it_dies_after_five_minutes(client: Client, link: str) -> None:
    left = SignInLink.objects.get().expires_at - timezone.now()
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)
    SignInLink.objects.update(expires_at=timezone.now())
    assert client.post(link).status_code == 410


def test_it_does_not_sign_in_a_deactivated_user(client: Client, link: str) -> None:
    User.objects.update(is_active=False)
    assert client.post(link).status_code == 410


def test_an_unknown_one_is_gone(client: Client, db: None) -> None:
    assert client.get("/sign-in/link/unknown").status_code == 410


def test_a_key_is_not_enough_to_get_one(post: Post, key: str) -> None:
    answer = post("sign-in-link", auth=key)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access_token_required")


def test_of_many_who_press_at_once_one_gets_in(transactional_db: None, alice: User) -> None:
    def redeem(secret: str) -> SignInLink | None:
        try:
            return SignInLink.redeem(secret)
        finally:
            connection.close()

    _, secret = SignInLink.issue(alice)
    with ThreadPoolExecutor(8) as threads:
        assert [link.user for link in threads.map(redeem, [secret] * 8) if link] == [alice]
