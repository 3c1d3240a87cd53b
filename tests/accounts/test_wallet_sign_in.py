from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone

from accounts import access_tokens, wallet_sign_in
from accounts.models import ApiKey, Nonce, User, WalletAddress
from conway.common.errors import ApiError
from tests.accounts.conftest import Wallet

Post = Callable[..., Any]
GONE = (401, {"error": "Invalid or expired nonce"})
FAILED = (400, {"error": "Verification failed"})


def test_a_nonce_needs_no_body_and_no_content_type(client: Client, db: None) -> None:
    answer = client.generic("POST", "/v1/auth/nonce", b"", content_type="")
    assert answer.status_code == 200
    assert answer.json()["nonce"].isalnum() and len(answer.json()["nonce"]) >= 8


def test_a_new_wallet_makes_a_user_and_then_a_key(post: Post, db: None, wallet: Wallet) -> None:
    pair = post("verify", wallet.signed(post("nonce").json()["nonce"])).json()
    me = User.objects.get(wallets__address=wallet.address.lower())
    made = post("api-keys", {"name": "conway-terminal"}, auth=f"Bearer {pair['access_token']}")
    assert me.email is None and not me.has_usable_password()
    assert made.status_code == 201 and made.json()["key"].startswith(made.json()["key_prefix"])
    assert ApiKey.objects.get().user == me
    assert post("refresh", {"refresh_token": pair["refresh_token"]}).status_code == 200


def test_the_same_wallet_is_the_same_user(post: Post, db: None, wallet: Wallet) -> None:
    pairs = [post("verify", wallet.signed(Nonce.issue())).json() for _ in range(2)]
    assert len({access_tokens.verify(pair["access_token"]).user_id for pair in pairs}) == 1
    assert WalletAddress.objects.get().checksummed == wallet.address


def test_a_newer_nonce_does_not_end_an_older_one(post: Post, db: None, wallet: Wallet) -> None:
    older, _ = Nonce.issue(), Nonce.issue()
    assert post("verify", wallet.signed(older)).status_code == 200


def test_an_unknown_used_or_expired_nonce_is_a_401_with_the_known_text(post: Post, db: None, wallet: Wallet) -> None:
    used, expired = wallet.signed(Nonce.issue()), wallet.signed(Nonce.issue())
    post("verify", used)
    Nonce.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answers = [post("verify", body) for body in (wallet.signed("unknown12345"), used, expired)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [GONE] * 3


def test_a_bad_signature_is_a_400_with_the_known_text(post: Post, db: None, wallet: Wallet) -> None:
    nonce, other = Nonce.issue(), Wallet(b"\x02" * 32)
    good = wallet.signed(nonce)
    tampered = {**good, "signature": "0x" + "1" * 130}
    someone_elses = {**good, "signature": other.sign(good["message"])}
    no_hex = {**good, "signature": "0xzz"}
    no_message = {**good, "message": "let me in"}
    answers = [post("verify", body) for body in (tampered, someone_elses, no_hex, no_message)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [FAILED] * 4
    assert not User.objects.exists()


def test_a_failed_verify_does_not_spend_the_nonce(post: Post, db: None, wallet: Wallet) -> None:
    good = wallet.signed(Nonce.issue())
    post("verify", {**good, "signature": "0x" + "1" * 130})
    assert post("verify", good).status_code == 200


def test_a_failure_of_ours_does_not_spend_the_nonce(db: None, wallet: Wallet) -> None:
    good = wallet.signed(Nonce.issue())
    with connection.execute_wrapper(fail_on('INSERT INTO "accounts_refreshtoken"')), pytest.raises(DatabaseError):
        wallet_sign_in.sign_in(good["message"], good["signature"])
    assert wallet_sign_in.sign_in(good["message"], good["signature"])


def test_a_deactivated_user_does_not_get_in(post: Post, alice: User, wallet: Wallet) -> None:
    WalletAddress.objects.create(user=alice, address=wallet.address.lower())
    User.objects.update(is_active=False)
    answer = post("verify", wallet.signed(Nonce.issue()))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "account_deactivated")


def test_of_many_verifies_with_one_nonce_one_succeeds(transactional_db: None, wallet: Wallet) -> None:
    good = wallet.signed(Nonce.issue())
    outcomes = at_once([good] * 8)
    assert sorted(outcomes) == ["401"] * 7 + ["in"]


def test_a_new_wallet_that_signs_in_twice_at_once_is_one_user(transactional_db: None, wallet: Wallet) -> None:
    assert at_once([wallet.signed(Nonce.issue()) for _ in range(8)]) == ["in"] * 8
    assert User.objects.count() == WalletAddress.objects.count() == 1


def test_dead_nonces_are_swept_by_new_ones(db: None) -> None:
    Nonce.issue()
    Nonce.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    fresh = Nonce.issue()
    assert [nonce.value for nonce in Nonce.objects.all()] == [fresh]


def at_once(bodies: list[dict[str, str]]) -> list[str]:
    def sign_in(body: dict[str, str]) -> str:
        try:
            wallet_sign_in.sign_in(body["message"], body["signature"])
            return "in"
        except ApiError as error:
            return str(error.status)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(sign_in, bodies))


def fail_on(start: str) -> Callable[..., Any]:
    def wrapper(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith(start):
            raise DatabaseError("the disk is full")
        return execute(sql, *rest)

    return wrapper
