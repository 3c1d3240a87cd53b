"""An email is nobody's until its mailbox has answered."""

import importlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from accounts.models import ApiKey, SignInLink, UnprovenEmail, User
from conway.common import outbox as background_mail
from credits import ledger
from tests.accounts.attacks.conftest import NEW, PASSWORD, api, browser, is_signed_in, sign_up

CFO = "cfo@customer.example"
PAGES_OF_USERS = [
    "/admin/accounts/user/?q={email}",
    "/admin/accounts/user/{pk}/change/",
    "/admin/accounts/apikey/?q={email}",
    "/admin/credits/creditaccount/?q={email}",
    "/admin/credits/creditaccount/{pk}/change/",
    "/admin/credits/credittransaction/?q={email}",
    "/admin/inference/completion/find/?q={email}",
]
LastLink = Callable[[], str]
SET = {"new_password1": NEW, "new_password2": NEW}


@pytest.fixture
def squatter(db: None) -> Client:
    """Has signed up as somebody else."""
    client = Client()
    assert sign_up(client, CFO).status_code == 302
    return client


def test_an_account_works_before_its_address_is_proven(squatter: Client) -> None:
    assert is_signed_in(squatter)
    assert api(Client(), "auth/token", {"email": CFO, "password": PASSWORD}).status_code == 200
    assert "not proven" in squatter.get("/account").content.decode()


def test_nobody_is_paid_under_an_address_they_only_typed(squatter: Client) -> None:
    with pytest.raises(CommandError, match="has not proven"):
        call_command("issue_key", CFO, "--credits", "500")
    with pytest.raises(UnprovenEmail):
        User.objects.for_payment(CFO)
    assert not ApiKey.objects.exists()


def test_unless_the_operator_says_that_is_good_enough(squatter: Client, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("issue_key", CFO, "--unproven")
    assert ApiKey.objects.get().user == User.objects.get(claimed_email=CFO)
    sign_up(Client(), CFO)
    with pytest.raises(CommandError, match="Several people"):
        call_command("issue_key", CFO, "--unproven")


def test_staff_see_that_it_is_unproven(squatter: Client) -> None:
    user = User.objects.known_as(CFO).get()
    assert str(user) == user.display_name == f"{CFO} (unproven)"


@pytest.mark.parametrize("name", ["", "The CFO"])
@pytest.mark.parametrize("page", PAGES_OF_USERS)
def test_wherever_they_look_one_up_by_email_they_see_it(
    squatter: Client, sam: User, at_admin: Callable[[User], Client], page: str, name: str
) -> None:
    User.objects.filter(claimed_email=CFO).update(name=name)
    user = User.objects.get(claimed_email=CFO)
    ledger.top_up(user=user, cents=5, reference="first", reason="By id", by=None)
    ApiKey.issue(user=user, name="a key")
    found = at_admin(sam).get(page.format(email=CFO, pk=user.pk), follow=True).content.decode()
    assert f"{CFO} (unproven)" in re.sub("<[^>]*>", " ", found)  # as it is read


def test_whom_the_operator_creates_needs_no_flag(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        call_command("issue_key", CFO)
    sign_up(Client(), CFO)  # a stranger comes later
    call_command("issue_key", CFO)
    assert {key.user.email for key in ApiKey.objects.select_related("user")} == {CFO}


def test_a_wallet_is_paid_by_its_address(db: None) -> None:
    user = User.objects.create_user()
    user.wallets.create(address="0x" + "ab" * 20)
    assert User.objects.for_payment("0x" + "AB" * 20) == user
    with pytest.raises(User.DoesNotExist):
        User.objects.for_payment("0x" + "cd" * 20)


# Signing up


def told(client: Client, email: str) -> tuple[int, str, list[str], int]:
    answer = sign_up(client, email)
    said = [str(message).replace(email, "…") for message in get_messages(answer.wsgi_request)]
    mailed = [message for message in mail.outbox if message.to == [email]]
    return answer.status_code, answer.headers["location"], said, len(mailed)


def test_signing_up_does_not_tell_who_is_a_customer(carol: User) -> None:
    assert told(Client(), "carol@example.org") == told(Client(), "nobody@example.org")
    assert "Somebody, perhaps you" in mail.outbox[0].body and "To prove" in mail.outbox[1].body


def test_nor_does_signing_in_afterwards(carol: User) -> None:
    for email in ("carol@example.org", "nobody@example.org"):
        sign_up(Client(), email, "the stranger's own phrase")
        answer = api(Client(), "auth/token", {"email": email, "password": "the stranger's own phrase"})
        assert answer.status_code == 200 and User.objects.get(email="carol@example.org").pk == carol.pk
        me = api(Client(), "auth/me", auth=answer.json()["access_token"], method="get").json()
        assert me["email_proven"] is False and me["id"] != carol.pk


def test_hers_stays_hers(carol: User) -> None:
    sign_up(Client(), "carol@example.org", "the stranger's own phrase")
    assert is_signed_in(browser(carol))
    assert User.objects.for_payment("carol@example.org") == carol


# The link


def test_it_proves_the_address_once(squatter: Client, last_link: LastLink) -> None:
    link = last_link()
    assert squatter.get(link).status_code == 200 and not User.objects.filter(email=CFO).exists()
    assert squatter.post(link, {}).status_code == 302
    assert User.objects.get(email=CFO).email_proven_at is not None
    assert squatter.post(link, {}).status_code == Client().get(link).status_code == 410


def test_whoever_reads_the_mailbox_takes_the_account_and_the_squatter_is_out(
    squatter: Client, last_link: LastLink
) -> None:
    user = User.objects.get(claimed_email=CFO)
    token = api(Client(), "auth/token", {"email": CFO, "password": PASSWORD}).json()["access_token"]
    key, _ = ApiKey.issue(user=user, name="squatter's")
    owner = Client()
    assert "Revoke all API keys" in owner.get(last_link()).content.decode()
    owner.post(last_link(), {**SET, "revoke_keys": "on"})
    key.refresh_from_db()
    assert is_signed_in(owner) and not is_signed_in(squatter) and key.revoked_at
    assert api(Client(), "auth/me", auth=token, method="get").status_code == 401
    assert api(Client(), "auth/token", {"email": CFO, "password": PASSWORD}).status_code == 401


def test_opening_it_in_another_browser_does_not_give_the_squatter_a_proven_address(
    squatter: Client, last_link: LastLink
) -> None:
    Client().get(last_link())
    Client().post(last_link(), {})  # without a password of one's own
    assert not User.objects.filter(email=CFO).exists()


def test_a_signed_in_owner_may_end_what_was_there_before(squatter: Client, last_link: LastLink) -> None:
    key, _ = ApiKey.issue(user=User.objects.get(), name="early")
    other = browser(User.objects.get())
    squatter.post(last_link(), {"end_sessions": "on", "revoke_keys": "on"})
    key.refresh_from_db()
    assert is_signed_in(squatter) and not is_signed_in(other) and key.revoked_at


def test_it_ends_with_everything_else(squatter: Client, last_link: LastLink) -> None:
    squatter.post("/account/sessions", {"everywhere": "1"})
    assert Client().get(last_link()).status_code == 410


def test_a_typing_error_does_not_give_an_account_away(carol: User, last_link: LastLink) -> None:
    owner = browser(carol)
    owner.post("/account/email", {"email": "carrol@example.org", "password": PASSWORD})
    stranger = Client()
    assert "Sign in first" in stranger.get(last_link()).content.decode()
    assert "Sign in first" in stranger.post(last_link(), SET).content.decode()
    carol.refresh_from_db()
    assert carol.email == "carol@example.org" and carol.check_password(PASSWORD)


def test_nor_does_that_of_a_wallet_user(db: None, last_link: LastLink) -> None:
    wanda = User.objects.create_user()
    wanda.wallets.create(address="0x" + "a" * 40)
    hers = Client()
    hers.post(f"/sign-in/link/{SignInLink.issue(wanda, now())[1]}")
    form = {"email": "wamda@example.org", "password1": PASSWORD, "password2": PASSWORD}
    assert hers.post("/sign-in/email-and-password", form).status_code == 302
    assert "Sign in first" in Client().post(last_link(), SET).content.decode()


# Changing it


def test_a_new_email_counts_when_it_is_proven_takes_the_password_and_is_told_to_the_old_one(
    carol: User, last_link: LastLink, django_capture_on_commit_callbacks: Any
) -> None:
    owner = browser(carol)
    owner.post("/account/email", {"email": "carol@new.example", "password": "guess"})
    assert mail.outbox == []
    owner.post("/account/email", {"email": "carol@new.example", "password": PASSWORD})
    carol.refresh_from_db()
    assert (carol.email, carol.claimed_email) == ("carol@example.org", "carol@new.example")
    with pytest.raises(User.DoesNotExist):
        User.objects.for_payment("carol@new.example")
    with django_capture_on_commit_callbacks(execute=True):
        owner.post(last_link(), {})
    carol.refresh_from_db()
    assert (carol.email, carol.claimed_email) == ("carol@new.example", None)
    assert mail.outbox[-1].to == ["carol@example.org"] and "to carol@new.example" in mail.outbox[-1].body


def test_of_two_who_claim_an_address_its_mailbox_decides(squatter: Client, last_link: LastLink) -> None:
    first = last_link()
    owner = Client()
    sign_up(owner, CFO, NEW)
    owner.post(last_link(), {})
    assert "another account" in squatter.post(first, {}).content.decode()
    assert User.objects.for_payment(CFO) == User.objects.get(email=CFO)
    assert is_signed_in(squatter) and is_signed_in(browser(User.objects.get(claimed_email=CFO)))


# People whom staff made


@pytest.mark.django_db(transaction=True)  # the mail's thread sees what is committed
def test_a_forgotten_password_is_their_first_way_in(db: None, last_link: LastLink) -> None:
    User.objects.create_user(CFO)
    client = Client()
    client.post("/password/reset", {"email": CFO})
    assert background_mail.rest(seconds=30)
    assert client.post(last_link(), SET).status_code == 302
    assert is_signed_in(client) and User.objects.get().email_proven_at


def test_they_are_invited_by_mail(settings: object, db: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="CONWAY_URL"):
        call_command("issue_key", CFO, "--invite")
    assert not User.objects.exists()
    settings.CONWAY_URL = "http://testserver"  # type: ignore[attr-defined]
    call_command("issue_key", CFO, "--invite")
    client = Client()
    path = mail.outbox[0].body.split("http://testserver")[1].split()[0]
    assert mail.outbox[0].to == [CFO] and client.post(path, SET).status_code == 302
    assert is_signed_in(client)


@pytest.mark.django_db(transaction=True)  # the mail's thread sees what is committed
def test_a_reset_sends_somebody_unproven_the_link_that_proves(squatter: Client, last_link: LastLink) -> None:
    Client().post("/password/reset", {"email": CFO})
    assert background_mail.rest(seconds=30)
    assert last_link().startswith("/prove/")


# Those who were there before


def test_addresses_typed_before_this_release_are_claims(db: None) -> None:
    typed = User.objects.create_user("typed@example.org", PASSWORD)
    issued = User.objects.create_user("issued@example.org")
    staff = User.objects.create_user("staff@example.org", PASSWORD, is_staff=True)
    User.objects.update(tokens_valid_after=None)
    with connection.cursor() as cursor:
        cursor.execute(importlib.import_module("accounts.migrations.0004_what_ends_tokens").CLAIM)
    for user in (typed, issued, staff):
        user.refresh_from_db()
    assert (typed.email, typed.claimed_email) == (None, "typed@example.org")
    assert issued.email and staff.email and is_signed_in(browser(typed))
