from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey, User, WalletAddress

NO_WALLETS = {"wallets-TOTAL_FORMS": 0, "wallets-INITIAL_FORMS": 0}
USERS, KEYS = "/admin/accounts/user/", "/admin/accounts/apikey/"


@pytest.fixture
def admin(client: Client, sam: User) -> Client:
    client.force_login(sam, backend="accounts.backends.PasswordBackend")
    return client


@pytest.fixture
def clerk(client: Client, bob: User) -> Client:
    """Staff who may edit users and nothing else."""
    bob.is_staff = True
    bob.save()
    bob.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    client.force_login(bob, backend="accounts.backends.PasswordBackend")
    return client


def saved(client: Client, user: User, **fields: Any) -> Any:
    """As a browser would send the user's form back, with these fields filled in."""
    page = client.get(f"{USERS}{user.pk}/change/")
    shown = {field.name: field.value() for field in page.context["adminform"].form}
    sent = {name: value for name, value in {**shown, **fields}.items() if value not in (None, False)}
    return client.post(f"{USERS}{user.pk}/change/", {**sent, **NO_WALLETS})


def act(client: Client, path: str, action: str, *rows: Any) -> Any:
    return client.post(path, {"action": action, "_selected_action": [row.pk for row in rows]}, follow=True)


@pytest.mark.parametrize("term", ["alice@", "ALICE", "{id}", "0x" + "a" * 40])
def test_users_are_found_by_email_id_and_wallet(admin: Client, alice: User, term: str) -> None:
    WalletAddress.objects.create(user=alice, address="0x" + "a" * 40)
    page = admin.get(USERS, {"q": term.format(id=alice.pk)})
    assert [user.pk for user in page.context["cl"].result_list] == [alice.pk]


def test_users_are_deactivated_and_not_deleted(admin: Client, alice: User) -> None:
    act(admin, USERS, "deactivate", alice)
    alice.refresh_from_db()
    assert not alice.is_active and LogEntry.objects.get().change_message == "Deactivated"
    assert admin.get(f"{USERS}{alice.pk}/delete/").status_code == 403
    assert "delete_selected" not in dict(admin.get(USERS).context["action_form"].fields["action"].choices)


def test_a_user_is_added_and_changed(admin: Client) -> None:
    assert admin.post(f"{USERS}add/", {"email": "New@Example.org", **NO_WALLETS}).status_code == 302
    user = User.objects.get(email="new@example.org")
    assert not user.has_usable_password()
    assert saved(admin, user, email="", name="New").status_code == 302
    user.refresh_from_db()
    assert (user.email, user.name) == (None, "New")


def test_the_same_email_in_capitals_is_refused_with_a_word(admin: Client, alice: User) -> None:
    page = admin.post(f"{USERS}add/", {"email": "ALICE@example.org", **NO_WALLETS})
    assert page.status_code == 200 and b"already exists" in page.content


def test_a_clerk_cannot_rise_to_superuser(clerk: Client, bob: User) -> None:
    form = {"email": bob.email, "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert clerk.post(f"{USERS}{bob.pk}/change/", {**form, **NO_WALLETS}).status_code == 403
    bob.refresh_from_db()
    assert bob.is_staff and not bob.is_superuser


def test_a_clerk_cannot_touch_a_superuser(clerk: Client, sam: User) -> None:
    assert b"password1" not in clerk.get(f"{USERS}{sam.pk}/password/", follow=True).content
    act(clerk, USERS, "deactivate", sam)
    sam.refresh_from_db()
    assert sam.is_active


def test_keys_are_found_and_read_but_never_the_digest(admin: Client, alice: User) -> None:
    key, _ = ApiKey.issue(user=alice, name="laptop")
    for term in (key.prefix, alice.email, str(key.pk)):
        assert key in admin.get(KEYS, {"q": term}).context["cl"].result_list
    page = admin.get(f"{KEYS}{key.pk}/change/")
    assert b"laptop" in page.content
    assert bytes(key.digest).hex().encode() not in page.content and b"Digest" not in page.content


def test_keys_are_revoked_for_good_and_neither_made_nor_deleted(admin: Client, alice: User) -> None:
    key, _ = ApiKey.issue(user=alice, name="laptop")
    act(admin, KEYS, "revoke", key)
    key.refresh_from_db()
    assert key.revoked_at and LogEntry.objects.get().change_message == "Revoked"
    assert admin.get(f"{KEYS}add/").status_code == admin.get(f"{KEYS}{key.pk}/delete/").status_code == 403
    assert admin.post(f"{KEYS}{key.pk}/change/", {"name": "mine"}).status_code == 403  # it is revoked


def test_a_users_page_leads_to_their_keys(admin: Client, alice: User, bob: User) -> None:
    mine, _ = ApiKey.issue(user=alice, name="laptop")
    ApiKey.issue(user=bob, name="bob's")
    assert f"{KEYS}?user__id__exact={alice.pk}".encode() in admin.get(f"{USERS}{alice.pk}/change/").content
    assert list(admin.get(f"{KEYS}?user__id__exact={alice.pk}").context["cl"].result_list) == [mine]


def test_a_list_of_wallet_users_asks_no_more_for_each(admin: Client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert "0x" in admin.get(USERS).content.decode()
        return len(queries)

    for digit in "ab":
        WalletAddress.objects.create(user=User.objects.create_user(), address="0x" + digit * 40)
    few = asked()
    for digit in "cdef":
        WalletAddress.objects.create(user=User.objects.create_user(), address="0x" + digit * 40)
    assert asked() == few
