"""What staff put into an account that somebody uses is nobody's until its mailbox has answered."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.models import ApiKey, UnprovenEmail, User
from tests.accounts.attacks.conftest import NEW, PASSWORD, browser, is_signed_in
from tests.accounts.attacks.forms import opened, sent

CFO = "cfo@customer.example"
LastLink = Callable[[], str]
SET = {"new_password1": NEW, "new_password2": NEW}


def with_password(user: User) -> None:
    """An account with a password."""
    user.set_password(PASSWORD)
    user.save()


def with_wallet(user: User) -> None:
    user.wallets.create(address="0x" + "c" * 40)


def with_key(user: User) -> None:
    ApiKey.issue(user=user, name="a key")


USED = [with_password, with_wallet, with_key]


@pytest.mark.parametrize("role", ["support", "superuser"])
@pytest.mark.parametrize("before", ["mallory@example.org", None])
@pytest.mark.parametrize("uses", USED)
def test_what_staff_put_into_an_account_in_use_is_nobodys_until_its_mailbox_answers(
    staff: Callable[[str], User],
    sam: User,
    at_admin: Callable[[User], Client],
    role: str,
    before: str | None,
    uses: Callable[[User], None],
    django_capture_on_commit_callbacks: Any,
) -> None:
    mallory = User.objects.create_user(before)
    uses(mallory)
    page = f"/admin/accounts/user/{mallory.pk}/change/"
    client = at_admin(sam if role == "superuser" else staff("support"))
    with django_capture_on_commit_callbacks(execute=True):
        assert sent(client, page, {**opened(client, page), "email": CFO}).status_code == 302
    mallory.refresh_from_db()
    assert (mallory.email, mallory.claimed_email) == (before, CFO)
    with pytest.raises((UnprovenEmail, User.DoesNotExist)):
        User.objects.for_payment(CFO)
    assert mail.outbox[-1].to == [CFO] and "/prove/" in mail.outbox[-1].body
    assert CFO in client.get(page).content.decode()


def test_nor_does_an_update_by_hand_make_it_theirs(carol: User) -> None:
    User.objects.filter(pk=carol.pk).update(email=CFO)
    carol.refresh_from_db()
    assert (carol.email, carol.claimed_email) == ("carol@example.org", CFO) and carol.email_proven_at


def test_once_it_answers_it_is_theirs(carol: User, last_link: LastLink) -> None:
    User.objects.filter(pk=carol.pk).update(email=CFO)
    carol.refresh_from_db()
    hers = browser(carol)
    hers.post("/account/email/prove")
    assert "Sign in first" in Client().post(last_link(), SET).content.decode()
    assert hers.post(last_link(), {}).status_code == 302
    assert User.objects.for_payment(CFO) == carol


def test_who_lost_the_old_mailbox_comes_back_by_the_new_one(
    carol: User, sam: User, at_admin: Callable[[User], Client], last_link: LastLink, client: Client
) -> None:
    staffs, page = at_admin(sam), f"/admin/accounts/user/{carol.pk}/change/"
    for email in ("", "carol@new.example"):
        sent(staffs, page, {**opened(staffs, page), "email": email})
    assert staffs.post(f"/admin/accounts/user/{carol.pk}/send-password-link/").status_code == 302
    assert client.post(last_link(), SET).status_code == 302
    assert is_signed_in(client) and User.objects.for_payment("carol@new.example") == carol


def test_an_account_that_has_only_a_key_is_not_taken_without_a_word_to_its_address(
    sam: User, at_admin: Callable[[User], Client], last_link: LastLink, django_capture_on_commit_callbacks: Any
) -> None:
    user = User.objects.create_user("works@customer.example")
    ApiKey.issue(user=user, name="theirs")
    client, page = at_admin(sam), f"/admin/accounts/user/{user.pk}/change/"
    with django_capture_on_commit_callbacks(execute=True):
        sent(client, page, {**opened(client, page), "email": "mallory@evil.example"})
    with django_capture_on_commit_callbacks(execute=True):
        assert Client().post(last_link(), {**SET, "revoke_keys": "on"}).status_code == 302
    assert mail.outbox[-1].to == ["works@customer.example"] and "Our staff changed" in mail.outbox[-1].body


def test_an_invitation_that_nobody_uses_is_corrected(sam: User, at_admin: Callable[[User], Client]) -> None:
    user = User.objects.create_user("cf0@customer.example")
    page = f"/admin/accounts/user/{user.pk}/change/"
    client = at_admin(sam)
    sent(client, page, {**opened(client, page), "email": CFO})
    assert User.objects.for_payment(CFO) == user


def test_a_link_to_set_a_password_says_where_it_went(
    carol: User, sam: User, at_admin: Callable[[User], Client]
) -> None:
    User.objects.filter(pk=carol.pk).update(claimed_email=CFO)
    page = at_admin(sam).post(f"/admin/accounts/user/{carol.pk}/send-password-link/", follow=True).content.decode()
    assert mail.outbox[-1].to == ["carol@example.org"] and "on its way to carol@example.org" in page


def test_a_typing_error_gives_no_account_away_that_staff_made_with_a_password(last_link: LastLink, db: None) -> None:
    made = User.objects.create_superuser("root@example.org", PASSWORD)
    browser(made).post("/account/email", {"email": "toot@example.org", "password": PASSWORD})
    assert "Sign in first" in Client().post(last_link(), SET).content.decode()
