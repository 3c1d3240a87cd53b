from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts import access_tokens
from accounts.models import User

Post = Callable[..., Any]


@pytest.fixture
def password(alice: User) -> str:
    alice.set_password("correct horse")
    alice.save()
    return "correct horse"


def test_it_gives_a_pair_of_tokens(post: Post, alice: User, password: str) -> None:
    answer = post("token", {"email": "Alice@Example.org", "password": password})
    assert answer.status_code == 200
    assert access_tokens.verify(answer.json()["access_token"]).user_id == alice.pk
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 3600)
    assert not answer.cookies


@pytest.mark.parametrize("email", ["alice@example.org", "nobody@example.org"])
def test_it_does_not_say_which_of_the_two_was_wrong(post: Post, password: str, email: str) -> None:
    answer = post("token", {"email": email, "password": "guess"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_credentials")
    assert answer.json()["error"]["message"] == "Email or password is wrong."


def test_a_deactivated_user_does_not_get_in(post: Post, alice: User, password: str) -> None:
    User.objects.update(is_active=False)
    assert post("token", {"email": alice.email, "password": password}).status_code == 401


def test_a_wallet_user_has_no_password_to_guess(post: Post, alice: User) -> None:
    assert post("token", {"email": alice.email, "password": ""}).status_code == 400
    assert post("token", {"email": alice.email, "password": "!"}).status_code == 401


def test_failed_sign_ins_are_throttled_however_the_email_is_spelled(post: Post, alice: User, password: str) -> None:
    for email in ("alice@example.org", "ALICE@example.org", "alice@EXAMPLE.org", " alice@example.org ") * 3:
        post("token", {"email": email, "password": "guess"})
    answer = post("token", {"email": alice.email, "password": password})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit_exceeded")
    assert answer.json()["error"]["type"] == "rate_limit_error"
    assert 14 * 60 < int(answer["retry-after"]) <= 15 * 60


def test_success_forgets_the_failures(post: Post, alice: User, password: str) -> None:
    for given in (*["guess"] * 9, password) * 2:
        answer = post("token", {"email": alice.email, "password": given})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ("{", "invalid_json", None),
        ("[" * 100_000, "invalid_json", None),
        ('{"email": NaN}', "invalid_json", None),
        (b"\xff", "invalid_json", None),
        ("[]", "invalid_type", None),
        ("{}", "missing_required_parameter", "email"),
        ('{"email": "a@b.c"}', "missing_required_parameter", "password"),
        ('{"email": 7, "password": "x"}', "invalid_type", "email"),
        ('{"email": "a\\u0000@b.c", "password": "x"}', "invalid_value", "email"),
        ('{"email": "a@b.c", "password": "\\ud800"}', "invalid_value", "password"),
    ],
)
def test_bad_input_is_a_400_that_names_the_field(
    client: Client, db: None, body: str | bytes, code: str, param: str | None
) -> None:
    answer = client.post("/v1/auth/token", body, content_type="application/json")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, code, param)


def test_a_body_of_another_kind_or_size_is_refused(client: Client, db: None) -> None:
    form = client.post("/v1/auth/token", {"email": "a@b.c"})
    long = client.post("/v1/auth/token", b" " * 2_000_000, content_type="application/json")
    assert [form.status_code, form.json()["error"]["code"]] == [415, "unsupported_media_type"]
    assert [long.status_code, long.json()["error"]["code"]] == [413, "request_too_large"]
