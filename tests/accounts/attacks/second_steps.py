"""People who sign in by two steps, as the tests of a second factor make them."""

import json
import re
from typing import Any

from django.test import Client

from accounts.models import Passkey, User
from tests.accounts.attacks.conftest import PASSWORD, browser
from tests.second_factors import SoftPasskey, code_of

STEP, SITE = "/sign-in/second-step", "http://testserver"
PAGE, APP, PASSKEY = "/account/second-factor", "/account/second-factor/app", "/account/second-factor/passkey"
REMOVE, CODES = "/account/second-factor/remove", "/account/second-factor/codes"


def with_password(user: User, password: str = PASSWORD) -> Client:
    client = Client()
    client.post("/sign-in", {"username": user.typed_email, "password": password})
    return client


def signed_in(user: User, secret: str, steps: int = 0) -> Client:
    client = with_password(user)
    assert client.post(STEP, {"code": code_of(secret, steps)}).status_code == 302
    return client


def options_on(client: Client, path: str) -> Any:
    page = client.get(path).content.decode()
    return json.loads(re.findall(r'<script id="passkey-options" type="application/json">(.*?)</script>', page)[0])


def with_passkey(carol: User) -> tuple[Client, SoftPasskey]:
    client, passkey = browser(carol), SoftPasskey(SITE, counter=5)
    answer = client.post(PASSKEY, {"name": "laptop", "passkey": passkey.made(options_on(client, PASSKEY))})
    assert answer["location"] == CODES and Passkey.objects.get().name == "laptop"
    return client, passkey


def aged(client: Client) -> None:
    session = client.session
    session["proofs"] = {name: at - 3600 for name, at in session["proofs"].items()}
    session.save()
