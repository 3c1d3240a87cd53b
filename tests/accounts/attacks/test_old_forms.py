"""A form that was opened before a colleague's change saves nothing over it, and says whose change that was."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client, RequestFactory
from django.utils.timezone import now, timedelta

from accounts.forms import ChangePasswordForm, NewPasswordForm
from accounts.logged import Unchangeable
from accounts.models import ApiKey, User
from conway.common.versions import VersionedAdmin, VersionedForm
from credits.models import FundingNote
from inference.admin.price_form import newest_price
from inference.models import ChatModel, Price
from tests import lasting_catalogue
from tests.accounts.attacks.conftest import NEW, PASSWORD
from tests.accounts.attacks.forms import act, opened, sent

USERS, KEYS, PRICES = "/admin/accounts/user/", "/admin/accounts/apikey/", "/admin/inference/price/add/"
MODEL, REFUSED = "/admin/inference/chatmodel/gpt-5-mini/change/", "Nothing was saved"


@pytest.fixture
def grace(at_admin: Callable[[User], Client], db: None) -> Client:
    return at_admin(User.objects.create_superuser("grace@example.org"))


@pytest.fixture
def admin(at_admin: Callable[[User], Client], sam: User) -> Client:
    return at_admin(sam)


@pytest.fixture
def prices(db: None) -> None:
    lasting_catalogue.load()


def test_an_old_form_does_not_reactivate_who_was_just_deactivated(admin: Client, grace: Client, alice: User) -> None:
    page = f"{USERS}{alice.pk}/change/"
    form = opened(admin, page)
    act(grace, USERS, "deactivate", alice)
    answer = sent(admin, page, form).content.decode()
    assert REFUSED in answer and "grace@example.org at " in answer and "Deactivated" in answer
    alice.refresh_from_db()
    assert not alice.is_active


def test_a_group_that_was_taken_away_does_not_come_back(admin: Client, grace: Client, staff: Any) -> None:
    cashier = staff("cashier")
    page = f"{USERS}{cashier.pk}/change/"
    form = opened(admin, page)
    assert sent(grace, page, {**opened(grace, page), "groups": None}).status_code == 302
    assert REFUSED in sent(admin, page, form).content.decode()
    assert not cashier.groups.exists()


def test_a_role_is_not_saved_over_a_colleagues_change(admin: Client, grace: Client, staff: Any) -> None:
    staff("plain")
    group = Group.objects.get(name="cashier")
    page = f"/admin/auth/group/{group.pk}/change/"
    form = opened(admin, page)
    assert sent(grace, page, {**opened(grace, page), "permissions": None}).status_code == 302
    assert REFUSED in sent(admin, page, form).content.decode()
    assert not group.permissions.exists()


def test_a_sign_in_meanwhile_is_no_change(admin: Client, alice: User) -> None:
    page = f"{USERS}{alice.pk}/change/"
    form = opened(admin, page)
    User.objects.filter(pk=alice.pk).update(last_login=now())
    assert sent(admin, page, {**form, "name": "Alice B."}).status_code == 302


def test_what_the_owner_changed_is_not_saved_over_either(admin: Client, alice: User) -> None:
    page = f"{USERS}{alice.pk}/change/"
    form = opened(admin, page)
    User.objects.filter(pk=alice.pk).update(email="alice@new.example")
    assert "No colleague did it" in sent(admin, page, form).content.decode()


@pytest.mark.parametrize("form_class", [ChangePasswordForm, NewPasswordForm])
def test_a_new_password_saves_nothing_over_what_staff_changed_while_it_was_hashed(
    sam: User, db: None, form_class: Any
) -> None:
    read = User.objects.create_user("carol@example.org", PASSWORD, is_staff=True)
    User.objects.filter(pk=read.pk).update(is_active=False, is_staff=False, email=None)
    form = form_class(read, {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW})
    assert form.is_valid() and form.save()
    kept = User.objects.get(pk=read.pk)
    assert kept.check_password(NEW) and (kept.is_active, kept.is_staff, kept.email) == (False, False, None)


def test_a_note_is_not_saved_over_a_colleagues(admin: Client, grace: Client) -> None:
    FundingNote.objects.create(pk=1, text="Ask.")
    page = "/admin/credits/fundingnote/1/change/"
    form = opened(admin, page)
    assert sent(grace, page, {**opened(grace, page), "text": "Ask us."}).status_code == 302
    assert REFUSED in sent(admin, page, {**form, "text": "Ask nobody."}).content.decode()
    assert FundingNote.objects.get().text == "Ask us."


def test_every_form_that_changes_a_row_has_a_version(sam: User) -> None:
    """And nothing else of the admin edits rows: no list, no inline."""
    request = RequestFactory().get("/admin/")
    request.user = sam
    for model_admin in site._registry.values():
        assert not model_admin.list_editable
        assert all(issubclass(inline, Unchangeable) for inline in model_admin.inlines)
        if model_admin.has_change_permission(request):
            assert isinstance(model_admin, VersionedAdmin) and issubclass(model_admin.form, VersionedForm), model_admin


@pytest.mark.parametrize("version", ["", "x", "1.2.3", "9" * 90, "\x00"])
def test_a_form_without_its_version_saves_nothing(admin: Client, alice: User, version: str) -> None:
    page = f"{USERS}{alice.pk}/change/"
    answer = sent(admin, page, {**opened(admin, page), "version": version, "name": "Mallory"})
    assert answer.status_code == 200
    assert User.objects.get(pk=alice.pk).name != "Mallory"


def test_a_model_is_not_switched_on_again_by_an_old_form(admin: Client, grace: Client, prices: None) -> None:
    form = opened(admin, MODEL)
    assert sent(grace, MODEL, {**opened(grace, MODEL), "is_on": None}).status_code == 302
    answer = sent(admin, MODEL, form).content.decode()
    assert REFUSED in answer and "Changed On" in answer
    assert not ChatModel.objects.get(pk="gpt-5-mini").is_on


def test_a_keys_limit_is_not_raised_again_by_an_old_form(admin: Client, grace: Client, alice: User) -> None:
    key, _ = ApiKey.issue(user=alice, name="laptop", limit_cents=10_000)
    page = f"{KEYS}{key.pk}/change/"
    form = opened(admin, page)
    assert sent(grace, page, {**opened(grace, page), "limit_cents": "5.00"}).status_code == 302
    assert REFUSED in sent(admin, page, {**form, "limit_cents": "100.00"}).content.decode()
    assert ApiKey.objects.get().limit_cents == 500


def announced(client: Client, version: int, minutes: int) -> Any:
    form = {"model": "gpt-5-mini", "source": "invoice", "input-0": "1", "output-0": "2", "version": version}
    starts_at = (now() + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S")
    return client.post(PRICES, {**form, "starts_at": starts_at, "confirmed": "yes", "typed": form["model"]})


def test_a_price_is_not_announced_past_a_colleagues(admin: Client, grace: Client, prices: None) -> None:
    seen = newest_price()
    assert announced(grace, seen, 10).status_code == 302
    answer = announced(admin, seen, 20).content.decode()
    assert "Nothing was added" in answer and "grace@example.org" in answer
    assert Price.objects.filter(model="gpt-5-mini").count() == 2
    assert announced(admin, newest_price(), 20).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_refused(sam: User, alice: User, at_admin: Any) -> None:
    page, both, answers = f"{USERS}{alice.pk}/change/", threading.Barrier(2), []
    clients = [at_admin(sam), at_admin(User.objects.create_superuser("grace@example.org"))]
    forms = [opened(client, page) for client in clients]

    def save(client: Client, form: dict[str, Any], name: str) -> None:
        both.wait()
        answers.append(sent(client, page, {**form, "name": name}).status_code)
        connection.close()

    threads = [
        threading.Thread(target=save, args=[client, form, name])
        for client, form, name in zip(clients, forms, ("Ann", "Bea"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 302]
