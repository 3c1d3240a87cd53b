from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import ApiKey, User
from conway import demo
from credits.models import CreditAccount, CreditTransaction

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> None:
    settings.CONWAY_DATA_DIR = tmp_path


def test_it_makes_a_funded_user_with_a_key_and_somebody_for_the_admin(client: Client) -> None:
    made = demo.ensure()
    user = User.objects.get(email=demo.USER)
    assert CreditAccount.objects.get(user=user).balance_cents == demo.CENTS
    assert user.api_keys.get().prefix == made.key[:12]
    staff = User.objects.get(email=demo.STAFF)
    assert staff.check_password(made.staff_password)
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/admin/").status_code == 200


def test_making_it_again_changes_nothing() -> None:
    first = demo.ensure()
    assert demo.ensure() == first
    assert (User.objects.count(), ApiKey.objects.count(), CreditTransaction.objects.count()) == (2, 1, 1)


def test_a_revoked_key_is_followed_by_a_new_one() -> None:
    first = demo.ensure()
    ApiKey.objects.all().revoke()  # type: ignore[attr-defined]
    second = demo.ensure()
    assert second.key != first.key
    assert demo.ensure() == second


def test_a_changed_password_is_not_told_wrong() -> None:
    demo.ensure()
    user = User.objects.get(email=demo.USER)
    user.set_password("better than before")
    user.save()
    assert demo.ensure().user_password == "(a password of your own)"


def test_a_lost_folder_costs_only_a_new_key(tmp_path: Path) -> None:
    first = demo.ensure()
    (tmp_path / "demo.json").unlink()
    assert demo.ensure().key != first.key
    assert CreditTransaction.objects.count() == 1


def test_the_curl_line_asks_for_a_model_that_can_answer(settings: Settings) -> None:
    made = demo.Demo("cnwy_k_x", "", "")
    assert '"model": "gpt-5-mini"' in demo.welcome(made, "http://127.0.0.1:8000")
    settings.PROVIDERS = {**settings.PROVIDERS, "moonshot": {"base_url": "", "api_key": "k", "sandbox": False}}
    assert '"model": "kimi-k2.5"' in demo.welcome(made, "http://127.0.0.1:8000")


def test_a_demo_of_an_older_release_keeps_its_user() -> None:
    first = demo.ensure()
    User.objects.filter(email=demo.USER).update(email=None, claimed_email=demo.USER, email_proven_at=None)
    assert demo.ensure().key == first.key
    assert User.objects.get(email=demo.USER).email_proven_at is not None and User.objects.count() == 2
