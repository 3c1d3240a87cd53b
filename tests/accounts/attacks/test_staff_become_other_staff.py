"""Staff never become other staff: by a password, an email, a group, or a right of their own."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.test import Client

from accounts import lockout
from accounts.models import Attempts, User
from tests.accounts.attacks.forms import NO_WALLETS, act, opened, sent

USERS, GROUPS = "/admin/accounts/user/", "/admin/auth/group/"
RIGHTS = ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")


@pytest.fixture
def cashier(staff: Any) -> User:
    return staff("cashier")


@pytest.fixture
def support(staff: Any, at_admin: Any) -> Client:
    return at_admin(staff("support"))


@pytest.fixture
def admin(sam: User, at_admin: Any) -> Client:
    return at_admin(sam)


def page_of(user: User) -> str:
    return f"{USERS}{user.pk}/change/"


def test_no_password_is_set_in_the_admin(admin: Client, cashier: User) -> None:
    before = cashier.password
    for path in (f"{USERS}{cashier.pk}/password/", page_of(cashier)):
        admin.post(path, {"password1": "mine now, all of it", "password2": "mine now, all of it", **NO_WALLETS})
    cashier.refresh_from_db()
    assert cashier.password == before
    assert not {"password", "password1"} & opened(admin, page_of(cashier)).keys()


def test_who_is_added_has_no_password_yet(admin: Client) -> None:
    form = {"email": "new@example.org", "password1": "chosen by sam", "password2": "chosen by sam", **NO_WALLETS}
    assert admin.post(f"{USERS}add/", form).status_code == 302
    assert not User.objects.get(email="new@example.org").has_usable_password()


@pytest.mark.parametrize("field", ["email", "name", *RIGHTS])
def test_support_changes_nothing_of_a_colleague(support: Client, cashier: User, field: str) -> None:
    before = User.objects.values().get(pk=cashier.pk), list(cashier.groups.all())
    group = Group.objects.get(name="auditor")
    answer = support.post(page_of(cashier), {"email": "support@evil.example", field: group.pk, **NO_WALLETS})
    assert answer.status_code == 403
    assert (User.objects.values().get(pk=cashier.pk), list(cashier.groups.all())) == before


def test_who_is_staff_no_longer_but_holds_rights_is_still_a_colleague(support: Client, cashier: User) -> None:
    User.objects.filter(pk=cashier.pk).update(is_staff=False)
    assert support.post(page_of(cashier), {"email": "mine@evil.example", **NO_WALLETS}).status_code == 403


def test_support_deactivates_customers_and_not_colleagues(support: Client, alice: User, cashier: User) -> None:
    act(support, USERS, "deactivate", alice, cashier)
    assert [User.objects.get(pk=user.pk).is_active for user in (alice, cashier)] == [False, True]


def test_whose_email_is_changed_hears_of_it_at_the_old_one(
    support: Client, alice: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        sent(support, page_of(alice), {**opened(support, page_of(alice)), "email": "alice@new.example"})
    assert mail.outbox[0].to == ["alice@example.org"] and "alice@new.example" in str(mail.outbox[0].body)


def test_support_gives_a_customer_no_rights(support: Client, alice: User) -> None:
    fields = opened(support, page_of(alice))
    assert set(RIGHTS) & fields.keys() == {"is_active"}
    group = Group.objects.get(name="cashier").pk
    sent(support, page_of(alice), {**fields, "is_staff": "on", "is_superuser": "on", "groups": group})
    alice.refresh_from_db()
    assert not (alice.is_staff or alice.is_superuser or alice.groups.exists())


@pytest.mark.parametrize("role", ["cashier", "support", "catalogue", "auditor"])
def test_a_right_over_groups_gives_nobody_a_right(staff: Any, at_admin: Any, role: str) -> None:
    user = staff(role)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    client, group = at_admin(user), Group.objects.get(name=role)
    top_up = Permission.objects.get(codename="top_up")
    form = {"name": role, "permissions": [top_up.pk]}
    assert client.post(f"{GROUPS}{group.pk}/change/", form).status_code == 403
    assert client.post(f"{GROUPS}add/", form).status_code == 403


def test_a_superuser_changes_a_colleagues_rights(admin: Client, staff: Any) -> None:
    plain, group = staff("plain"), Group.objects.get(name="auditor")
    assert sent(admin, page_of(plain), {**opened(admin, page_of(plain)), "groups": [group.pk]}).status_code == 302
    assert list(plain.groups.all()) == [group]


def test_nobody_changes_their_own_rights(admin: Client, sam: User) -> None:
    User.objects.create_superuser("grace@example.org")  # so it is not for being the last one that sam stays
    fields = opened(admin, page_of(sam))
    assert not set(RIGHTS) & fields.keys()
    group = Group.objects.create(name="mine")
    assert sent(admin, page_of(sam), {**fields, "name": "Sam", "groups": [group.pk]}).status_code == 302
    act(admin, USERS, "deactivate", sam)
    sam.refresh_from_db()
    assert (sam.name, sam.is_active, sam.is_superuser, sam.groups.exists()) == ("Sam", True, True, False)


def test_only_permissions_that_do_something_are_offered(admin: Client, alice: User) -> None:
    page = admin.get(page_of(alice))
    offered = page.context["adminform"].form.fields["user_permissions"].queryset
    names = {f"{found.content_type.app_label}.{found.codename}" for found in offered}
    assert {"credits.top_up", "accounts.change_user", "inference.add_price"} <= names
    assert (
        not {"auth.change_group", "credits.change_hold", "sessions.add_session", "accounts.add_walletaddress"} & names
    )


# A link to the owner


def link_in(message: mail.EmailMessage) -> str:
    return re.findall(r"https?://[^/]+(/\S+)", str(message.body))[0]


def test_a_link_goes_to_the_owner_who_sets_their_password(support: Client, bob: User) -> None:
    """Bob was created by staff: it is his first way in."""
    page = support.post(f"{USERS}{bob.pk}/send-password-link/", follow=True)
    assert mail.outbox[0].to == ["bob@example.org"]
    assert link_in(mail.outbox[0]) not in page.content.decode()
    owner = Client()
    form = owner.get(link_in(mail.outbox[0]), follow=True)
    phrase = "a long phrase of words"
    owner.post(form.request["PATH_INFO"], {"new_password1": phrase, "new_password2": phrase})
    bob.refresh_from_db()
    assert bob.check_password(phrase)


def test_a_link_is_logged_and_sent_only_when_asked(support: Client, bob: User) -> None:
    assert support.get(f"{USERS}{bob.pk}/send-password-link/").status_code == 405
    assert not mail.outbox
    support.post(f"{USERS}{bob.pk}/send-password-link/")
    assert LogEntry.objects.get().change_message == "Sent a link to set a password"


def test_support_sends_no_link_for_a_colleague(support: Client, cashier: User) -> None:
    assert support.post(f"{USERS}{cashier.pk}/send-password-link/").status_code == 403
    assert support.post(f"{USERS}99999999/send-password-link/").status_code == 403
    assert not mail.outbox


@pytest.mark.parametrize("change", [{"email": None}, {"is_active": False}])
def test_there_is_no_link_without_an_address_or_for_who_is_shut_out(support: Client, bob: User, change: Any) -> None:
    User.objects.filter(pk=bob.pk).update(**change)
    assert "goes to active users" in support.post(f"{USERS}{bob.pk}/send-password-link/", follow=True).content.decode()
    assert not mail.outbox


def test_a_list_is_no_way_to_guess_at_a_hash(support: Client, alice: User) -> None:
    assert support.get(f"{USERS}?password__startswith=pbkdf2").status_code == 400


# Unlocking


def locked(user: User) -> User:
    for _ in range(11):
        Attempts.add("sign-in", timedelta(minutes=15), account=str(user.email), network="192.0.2.0/24")
    assert lockout.is_locked(user)
    return user


def test_support_unlocks_whoever_is_locked_out_and_it_is_logged(support: Client, bob: User) -> None:
    assert b"Unlock" in support.get(page_of(locked(bob))).content
    support.post(f"{USERS}{bob.pk}/unlock/")
    assert not lockout.is_locked(bob) and b"Unlock:" not in support.get(page_of(bob)).content
    assert LogEntry.objects.get().change_message == "Unlocked bob@example.org"


@pytest.mark.parametrize("role", ["cashier", "auditor", "catalogue"])
def test_others_unlock_nobody(staff: Any, at_admin: Any, bob: User, role: str) -> None:
    assert at_admin(staff(role)).post(f"{USERS}{locked(bob).pk}/unlock/").status_code == 403
    assert lockout.is_locked(bob)
