import re

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User
from conway.common import outbox

NEW = "a new and longer phrase"


def test_it_is_changed_with_the_old_one(hers: Client, alice: User) -> None:
    form = {"old_password": "alice's password", "new_password1": NEW, "new_password2": NEW}
    assert hers.post("/password/change", form).headers["location"] == "/password/changed"
    alice.refresh_from_db()
    assert alice.check_password(NEW) and hers.get("/password/changed").status_code == 200


def test_it_is_not_changed_without_the_old_one(hers: Client, alice: User) -> None:
    form = {"old_password": "guess", "new_password1": NEW, "new_password2": NEW}
    assert hers.post("/password/change", form).status_code == 200
    alice.refresh_from_db()
    assert not alice.check_password(NEW)


@pytest.mark.django_db(transaction=True)  # it is sent by another thread, which sees what is committed
def test_a_link_by_email_sets_a_new_one_once(client: Client, alice: User) -> None:
    assert client.post("/password/reset", {"email": "Alice@example.org"}).headers["location"] == "/password/reset/sent"
    assert outbox.rest(seconds=10)
    (link,) = re.findall(r"http://testserver(/password/reset/\S+)", mail.outbox[0].body)
    form = client.get(link).headers["location"]
    assert client.post(form, {"new_password1": NEW, "new_password2": NEW}).headers["location"] == "/password/reset/done"
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert "used before" in Client().get(link).content.decode()


@pytest.mark.django_db(transaction=True)
def test_nobody_learns_who_has_an_account(client: Client) -> None:
    assert client.post("/password/reset", {"email": "nobody@example.org"}).headers["location"] == "/password/reset/sent"
    assert outbox.rest(seconds=10) and mail.outbox == []
