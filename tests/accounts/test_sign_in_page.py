from typing import Any

import pytest
from django.test import Client

from accounts.models import User


@pytest.fixture
def form(alice: User) -> dict[str, str]:
    alice.set_password("correct horse")
    alice.save()
    return {"username": "Alice@Example.org", "password": "correct horse"}


def test_it_signs_in_by_email_however_it_is_spelled(client: Client, form: dict[str, str], alice: User) -> None:
    assert client.post("/sign-in", form).status_code == 302
    assert client.session["_auth_user_id"] == str(alice.pk)


def test_failed_sign_ins_are_throttled(client: Client, form: dict[str, str], settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 2
    for _ in range(2):
        page = client.post("/sign-in", {**form, "password": "guess"})
    assert page.status_code == 429 and b"wait 15 minutes" in page.content
    assert client.post("/sign-in", form).status_code == 429


def test_signing_out_takes_a_post(client: Client, alice: User) -> None:
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out").status_code == 302
    assert "_auth_user_id" not in client.session
