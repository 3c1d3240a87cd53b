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


def test_failed_sign_ins_are_throttled(client: Client, form: dict[str, str]) -> None:
    for _ in range(10):
        assert client.post("/sign-in", {**form, "password": "guess"}).status_code == 200
    page = client.post("/sign-in", form)
    assert page.status_code == 429 and b"try again in 15 minutes" in page.content


def test_signing_out_takes_a_post(client: Client, alice: User) -> None:
    client.force_login(alice, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out").status_code == 302
    assert "_auth_user_id" not in client.session
