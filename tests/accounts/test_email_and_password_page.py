import pytest
from django.test import Client
from django.utils.timezone import now

from accounts.models import SignInLink, User

PAGE = "/sign-in/email-and-password"
GOOD = {"email": "Wanda@Example.org", "password1": "correct horse battery", "password2": "correct horse battery"}


@pytest.fixture
def wanda(client: Client, db: None) -> User:
    """Signed in, and has nothing but a wallet."""
    user = User.objects.create_user()
    client.post(f"/sign-in/link/{SignInLink.issue(user, now())[1]}")
    return user


def test_a_wallet_user_adds_them_and_stays_signed_in(client: Client, wanda: User) -> None:
    assert client.post(PAGE, GOOD).status_code == 302
    assert client.session["_auth_user_id"] == str(wanda.pk)
    assert client.get("/v1/auth/me").status_code == 401  # the session is for pages only
    wanda.refresh_from_db()
    assert (wanda.email, wanda.claimed_email) == (None, "wanda@example.org")
    assert wanda.check_password(GOOD["password1"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": ""},
        {"email": "no address"},
        {"password2": "another"},
        {"password1": "12345678", "password2": "12345678"},
        {"password1": "wanda@example.org", "password2": "wanda@example.org"},
    ],
)
def test_it_refuses_and_changes_nothing(client: Client, wanda: User, alice: User, wrong: dict[str, str]) -> None:
    page = client.post(PAGE, {**GOOD, **wrong})
    wanda.refresh_from_db()
    assert page.status_code == 200 and b"errorlist" in page.content
    assert wanda.claimed_email is None and not wanda.has_usable_password()


def test_it_is_not_a_way_around_the_old_password(client: Client, wanda: User) -> None:
    client.post(PAGE, GOOD)
    answer = client.post(PAGE, {**GOOD, "email": "thief@example.org"})
    wanda.refresh_from_db()
    assert answer.status_code == 302 and wanda.claimed_email == "wanda@example.org"


def test_a_stranger_is_sent_to_sign_in(client: Client, db: None) -> None:
    assert client.get(PAGE)["location"].startswith("/sign-in?")
