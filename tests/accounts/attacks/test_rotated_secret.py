"""SECRET_KEY is changed, the old one stays among the fallbacks: nobody notices."""

from collections.abc import Callable
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.test import Client

from accounts import access_tokens
from accounts.models import SignInLink, User
from conway.asgi import sockets
from conway.common import outbox as background_mail
from inference.completion import headers, routing
from tests.accounts.attacks.conftest import NEW, PASSWORD, api, browser, is_signed_in, sign_up
from tests.conway.test_settings import run

SET = {"new_password1": NEW, "new_password2": NEW}


@pytest.fixture
def rotate(settings: Any) -> Callable[[], None]:
    def rotate() -> None:
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        settings.SECRET_KEY = "another key, as long as the first and as good at signing things"

    return rotate


@pytest.mark.django_db(transaction=True)  # the mail's thread sees what is committed
def test_sessions_tokens_and_links_go_on(
    carol: User, bob: User, rotate: Callable[[], None], last_link: Callable[[], str]
) -> None:
    session, jwt = browser(carol), access_tokens.access_token(carol)
    link = SignInLink.issue(bob)[1]  # a sign-in of carol's would end the link for a new password
    new = Client()
    sign_up(new, "new@example.org")
    proof = last_link()
    Client().post("/password/reset", {"email": carol.email})
    assert background_mail.rest(seconds=30)
    reset = last_link()
    rotate()
    assert is_signed_in(session) and api(Client(), "auth/me", auth=jwt, method="get").status_code == 200
    assert Client().post(f"/sign-in/link/{link}").status_code == 302
    assert new.post(proof, {}).status_code == 302
    client = Client()
    assert client.post(client.get(reset).headers["location"], SET).status_code == 302
    assert carol.email


def socket_of(client: Client) -> WebsocketCommunicator:
    cookie = f"sessionid={client.cookies['sessionid'].value}".encode()
    headers = [(b"host", b"here.example"), (b"origin", b"http://here.example"), (b"cookie", cookie)]
    return WebsocketCommunicator(sockets, "/credits/live", headers=headers)


@pytest.mark.django_db(transaction=True)  # the socket's thread sees what is committed
def test_an_open_page_that_comes_back_by_its_socket_first_goes_on(
    carol: User, rotate: Callable[[], None], run: Any
) -> None:
    """As all do whose server was restarted with the new key."""
    session = browser(carol)

    async def connects() -> bool:
        socket = socket_of(session)
        is_let_in, _ = await socket.connect()
        await socket.disconnect()
        return is_let_in

    rotate()
    assert run(connects()) and is_signed_in(session)
    carol.sign_out_everywhere()
    assert not run(connects())


def test_without_the_fallback_they_end(carol: User, settings: Any) -> None:
    session, jwt = browser(carol), access_tokens.access_token(carol)
    settings.SECRET_KEY = "another key, as long as the first and as good at signing things"
    assert not is_signed_in(session)
    assert api(Client(), "auth/me", auth=jwt, method="get").status_code == 401


def test_the_list_of_sessions_goes_on_too(carol: User, rotate: Callable[[], None]) -> None:
    browser(carol, REMOTE_ADDR="203.0.113.7")
    rotate()
    assert "203.0.113.7" in browser(carol).get("/account/sessions").content.decode()


@pytest.mark.parametrize("name", ["CONWAY_IDEMPOTENCY_KEY", "CONWAY_PSEUDONYM_KEY"])
def test_what_must_not_change_follows_from_the_oldest_key_or_from_its_own(name: str) -> None:
    assert run(name, SECRET_KEY="old").stdout == '"old"\n'
    assert run(name, SECRET_KEY="new", SECRET_KEY_FALLBACKS="old").stdout == '"old"\n'
    assert run(name, SECRET_KEY="newer", SECRET_KEY_FALLBACKS="new old").stdout == '"old"\n'
    assert run(name, SECRET_KEY="new", **{name: "old"}).stdout == '"old"\n'


def test_completion_ids_and_pseudonyms_do_not_follow_the_secret_key(carol: User, rotate: Callable[[], None]) -> None:
    from accounts.authentication import Caller

    caller = Caller(carol.pk, None, None, None, None, None, None)

    def values() -> tuple[object, object]:
        return headers.completion_id_for(caller, {"idempotency-key": "order 7"}, "chatcmpl-"), routing.pseudonym(
            carol.pk, "u"
        )

    before = values()
    rotate()
    assert values() == before and PASSWORD
