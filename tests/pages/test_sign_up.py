from django.test import Client

from accounts.models import User

FORM = {"email": "New@Example.org", "password1": "a long phrase of words", "password2": "a long phrase of words"}


def test_it_makes_an_account_and_signs_in(client: Client, db: None) -> None:
    assert client.post("/sign-up", FORM).headers["location"] == "/"
    assert client.session["_auth_user_id"] == str(User.objects.get(claimed_email="new@example.org").pk)


def test_a_poor_password_is_refused(client: Client, db: None) -> None:
    page = client.post("/sign-up", {**FORM, "password1": "12345678", "password2": "12345678"})
    assert "too common" in page.content.decode() and not User.objects.exists()


def test_who_is_signed_in_needs_no_second_account(hers: Client) -> None:
    assert hers.get("/sign-up").headers["location"] == "/"
