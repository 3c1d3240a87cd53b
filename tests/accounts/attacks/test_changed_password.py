"""Whatever somebody was signed in with ends when the account changes hands."""

import importlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, RefreshToken, SignInLink, User
from conway.common import outbox as background_mail
from tests.accounts.attacks.conftest import NEW, PASSWORD, api, browser, is_signed_in


class Thief:
    """Has got in once, in every way there is."""

    def __init__(self, user: User) -> None:
        self.session = browser(user)
        pair = api(Client(), "auth/token", {"email": user.email, "password": PASSWORD}).json()
        self.access, self.refresh = pair["access_token"], pair["refresh_token"]
        self.link = SignInLink.issue(User.objects.get(pk=user.pk))[1]

    def gets_in(self) -> list[str]:
        tried = {
            "session": is_signed_in(self.session),
            "access token": api(Client(), "auth/me", auth=self.access, method="get").status_code == 200,
            "a key of one's own": api(Client(), "auth/api-keys", {"name": "x"}, self.access).status_code == 201,
            "refresh token": api(Client(), "auth/refresh", {"refresh_token": self.refresh}).status_code == 200,
            "sign-in link": Client().post(f"/sign-in/link/{self.link}").status_code == 302,
        }
        return [way for way, works in tried.items() if works]


def changes_password(carol: User, owner: Client, last_link: Callable[[], str]) -> None:
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    assert owner.post("/password/change", form).status_code == 302
    assert is_signed_in(owner)  # here she stays


def resets_password(carol: User, owner: Client, last_link: Callable[[], str]) -> None:
    client = Client()
    client.post("/password/reset", {"email": carol.email})
    assert background_mail.rest(seconds=30)
    form = client.get(last_link()).headers["location"]
    assert client.post(form, {"new_password1": NEW, "new_password2": NEW}).status_code == 302


def changes_email(carol: User, owner: Client, last_link: Callable[[], str]) -> None:
    owner.post("/account/email", {"email": "carol@new.example", "password": PASSWORD})
    owner.post(last_link(), {})
    assert is_signed_in(owner)


def signs_out_everywhere(carol: User, owner: Client, last_link: Callable[[], str]) -> None:
    owner.post("/account/sessions", {"everywhere": "1"})
    assert is_signed_in(owner)


def is_deactivated_and_back(carol: User, owner: Client, last_link: Callable[[], str]) -> None:
    User.objects.filter(pk=carol.pk).update(is_active=False)
    User.objects.filter(pk=carol.pk).update(is_active=True)


def gets_a_password_by_an_operator(carol: User, owner: Client, last_link: Callable[[], str]) -> None:
    fresh = User.objects.get(pk=carol.pk)
    fresh.set_password(NEW)
    fresh.save()


def loses_a_wallet(carol: User, owner: Client, last_link: Callable[[], str]) -> None:
    carol.wallets.get().delete()


ENDS = [
    changes_password,
    resets_password,
    changes_email,
    signs_out_everywhere,
    is_deactivated_and_back,
    gets_a_password_by_an_operator,
    loses_a_wallet,
]


@pytest.mark.django_db(transaction=True)  # the mail's thread sees what is committed
@pytest.mark.parametrize("happens", ENDS)
def test_nothing_signs_a_thief_in_any_more(carol: User, happens: Any, last_link: Callable[[], str]) -> None:
    carol.wallets.create(address="0x" + "a" * 40)
    thief, owner = Thief(carol), browser(carol)
    happens(carol, owner, last_link)
    assert thief.gets_in() == []


def test_before_that_the_thief_gets_in_every_way(carol: User) -> None:
    assert len(Thief(carol).gets_in()) == 5


def test_an_old_copy_of_the_user_that_is_saved_brings_nothing_back(carol: User) -> None:
    thief, stale = Thief(carol), User.objects.get(pk=carol.pk)
    User.objects.get(pk=carol.pk).sign_out_everywhere()
    stale.name = "Carola"
    stale.save()
    assert thief.gets_in() == []


def test_a_refresh_that_began_before_the_end_gives_nothing_after_it(carol: User) -> None:
    stale = User.objects.get(pk=carol.pk)
    carol.sign_out_everywhere()
    token = RefreshToken.issue(stale)  # as a rotation that had read its user already
    assert api(Client(), "auth/refresh", {"refresh_token": token}).status_code == 401


@pytest.mark.django_db(transaction=True)  # the mail's thread sees what is committed
def test_a_mailed_link_for_a_new_password_ends_with_the_rest(carol: User, last_link: Callable[[], str]) -> None:
    Client().post("/password/reset", {"email": carol.email})
    assert background_mail.rest(seconds=30)
    carol.sign_out_everywhere()
    assert "used before" in Client().get(last_link()).content.decode()


def test_the_same_password_hashed_anew_signs_nobody_out(carol: User, settings: Any) -> None:
    other = browser(carol)
    pair = api(Client(), "auth/token", {"email": carol.email, "password": PASSWORD}).json()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher", *settings.PASSWORD_HASHERS]
    browser(carol)
    assert User.objects.get(pk=carol.pk).password.startswith("scrypt$")
    assert api(Client(), "auth/me", auth=pair["access_token"], method="get").status_code == 200
    assert api(Client(), "auth/refresh", {"refresh_token": pair["refresh_token"]}).status_code == 200
    assert User.objects.get(pk=carol.pk).tokens_valid_after is None and other


@pytest.mark.parametrize("page", ["/password/change", "/account/sessions"])
def test_keys_are_revoked_where_that_is_offered_and_only_if_asked(carol: User, page: str) -> None:
    key, _ = ApiKey.issue(user=carol, name="agents")
    owner = browser(carol)
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    owner.post("/password/change", form)
    key.refresh_from_db()
    assert key.revoked_at is None
    back = {"old_password": NEW, "new_password1": PASSWORD, "new_password2": PASSWORD, "revoke_keys": "on"}
    owner.post(page, back if "change" in page else {"keys": "1"})
    key.refresh_from_db()
    assert key.revoked_at is not None


@pytest.mark.django_db(transaction=True)  # the mail's thread sees what is committed
def test_a_reset_offers_to_revoke_the_keys(carol: User, last_link: Callable[[], str]) -> None:
    key, _ = ApiKey.issue(user=carol, name="agents")
    client = Client()
    client.post("/password/reset", {"email": carol.email})
    assert background_mail.rest(seconds=30)
    form = client.get(last_link()).headers["location"]
    assert "Revoke all API keys" in client.get(form).content.decode()
    client.post(form, {"new_password1": NEW, "new_password2": NEW, "revoke_keys": "on"})
    key.refresh_from_db()
    assert key.revoked_at is not None


# Sessions and devices


def test_the_list_says_what_when_and_from_where(carol: User) -> None:
    browser(carol, HTTP_USER_AGENT="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", REMOTE_ADDR="203.0.113.7")
    api(Client(REMOTE_ADDR="198.51.100.9"), "auth/token", {"email": carol.email, "password": PASSWORD})
    page = browser(carol).get("/account/sessions").content.decode()
    for said in ("Firefox on Linux", "203.0.113.7", "198.51.100.9", "this browser"):
        assert said in page


def test_one_of_them_is_ended_and_the_others_go_on(carol: User) -> None:
    lost, kept, here = browser(carol, REMOTE_ADDR="203.0.113.7"), browser(carol), browser(carol)
    row = carol.sessions.get(address="203.0.113.7")
    page = here.get("/account/sessions").content.decode()
    assert row.session_key not in page
    end = importlib.import_module("accounts.pages.sign_in").name_of(row)
    here.post("/account/sessions", {"end": end})
    assert [is_signed_in(client) for client in (lost, kept, here)] == [False, True, True]


def test_an_ended_program_loses_its_access_token_too(carol: User) -> None:
    pair = api(Client(), "auth/token", {"email": carol.email, "password": PASSWORD}).json()
    browser(carol).post("/account/sessions", {"end": str(RefreshToken.objects.get().family)})
    assert api(Client(), "auth/me", auth=pair["access_token"], method="get").status_code == 401
    assert api(Client(), "auth/refresh", {"refresh_token": pair["refresh_token"]}).status_code == 401


def test_an_ended_program_has_no_sign_in_link_left(carol: User) -> None:
    pair = api(Client(), "auth/token", {"email": carol.email, "password": PASSWORD}).json()
    link = urlsplit(api(Client(), "auth/sign-in-link", auth=pair["access_token"]).json()["url"]).path
    browser(carol).post("/account/sessions", {"end": str(RefreshToken.objects.get().family)})
    assert Client().post(link).status_code == 410


def test_a_browser_leaves_no_token_behind_that_makes_keys_or_links(carol: User) -> None:
    """What the playground's page was given outlives its session by minutes."""
    token = browser(carol).post("/playground/token").json()["token"]
    tried = [api(Client(), path, {"name": "x"}, token).status_code for path in ("auth/api-keys", "auth/sign-in-link")]
    assert tried == [403, 403] and api(Client(), "auth/me", auth=token, method="get").status_code == 403


def test_a_clock_that_was_set_back_ends_them_as_well(carol: User) -> None:
    User.objects.filter(pk=carol.pk).update(tokens_valid_after=timezone.now() + timedelta(hours=1))
    thief = Thief(carol)
    User.objects.get(pk=carol.pk).sign_out_everywhere()
    assert thief.gets_in() == []


def test_nobody_ends_what_is_not_theirs(carol: User, bob: User) -> None:
    hers, token = browser(carol), RefreshToken.issue(carol)
    bob.set_password(PASSWORD)
    bob.save()
    end = importlib.import_module("accounts.pages.sign_in").name_of(carol.sessions.get())
    his = browser(bob)
    for name in (end, str(RefreshToken.objects.get().family), "nonsense", ""):
        his.post("/account/sessions", {"end": name})
    assert is_signed_in(hers) and RefreshToken.rotate(token)


def test_ended_sessions_are_not_listed(carol: User) -> None:
    browser(carol, REMOTE_ADDR="203.0.113.7")
    here = browser(carol)
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    here.post("/password/change", form)
    page = here.get("/account/sessions").content.decode()
    assert "203.0.113.7" not in page and "this browser" in page


def test_sessions_of_the_release_before_go_on(carol: User) -> None:
    client = browser(carol)
    migration = importlib.import_module("accounts.migrations.0004_what_ends_tokens")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_session SELECT session_key, session_data, expire_date FROM accounts_browsersession"
        )
        cursor.execute("DELETE FROM accounts_browsersession")
        cursor.execute(migration.MOVE_SESSIONS)
    assert is_signed_in(client) and carol.sessions.count() == 1
