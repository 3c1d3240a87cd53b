"""Whatever staff have at hand leads to its page, and the user's page says what staff ask."""

import re

import pytest

from accounts.models import ApiKey, User, WalletAddress
from credits import ledger
from credits.models import CreditAccount
from inference.models import Completion


def test_each_thing_leads_to_its_page(admin, ask, alice, key):
    ask("gpt-5-mini")
    completion = Completion.objects.get()
    WalletAddress.objects.create(user=alice, address="0x" + "ab" * 20)
    user, row = f"/admin/accounts/user/{alice.pk}/change/", f"/admin/inference/completion/{completion.pk}/change/"
    for term, place in (
        (completion.request_id, row), (completion.pk, row), ("alice@example.org", user), ("alice@ex", user),
        (str(alice.pk), user), ("0x" + "AB" * 20, user),
        (key, f"/admin/accounts/apikey/?q={key[:12]}"), ("INV-77", "/admin/credits/credittransaction/?q=INV-77"),
        ("", "/admin/"), ("\x00", "/admin/"), ("req_nothing", "/admin/inference/completion/?q=req_nothing"),
    ):  # fmt: skip
        answer = admin.get("/admin/inference/completion/find/", {"q": term})
        assert answer.headers["location"] == place, term


@pytest.mark.parametrize("page", ["credits/credittransaction", "inference/completion", "credits/creditaccount"])
def test_part_of_an_email_finds_its_rows(admin, ask, page):
    ask("gpt-5-mini")
    for term in ("alice@", "ice@example"):
        assert admin.get(f"/admin/{page}/", {"q": term}).context["cl"].result_count > 0, term
    assert admin.get(f"/admin/{page}/", {"q": "bobby@"}).context["cl"].result_count == 0


def test_the_users_page_is_a_dossier(admin, ask, alice, sam):
    ask("gpt-5-mini")
    completion = Completion.objects.get()
    ledger.top_up(user=alice, cents=77, reference="t", reason="Paid", by=sam, payment="INV-8", note="Called twice")
    ledger.refund(reference=f"inference:{completion.pk}", cents=1, reason="Slow", by=sam)
    page = admin.get(f"/admin/accounts/user/{alice.pk}/change/").content.decode()
    account = CreditAccount.objects.get(pk=alice.pk)
    told = {name: int(cents) for name, cents in re.findall(r'data-figure="(\w+)" data-cents="(-?\d+)"', page)}
    assert told == {
        "balance": account.balance_cents,
        "available": account.available_cents,
        "spent": completion.charged_cents - 1,
    }
    for said in ("INV-8", "Called twice", completion.request_id, ApiKey.objects.get().prefix, "Last top-ups"):
        assert said in page


def test_who_may_not_read_money_reads_none_of_it(client, ask, alice):
    clerk = User.objects.create_user(email="clerk@example.org", is_staff=True)
    from django.contrib.auth.models import Permission

    clerk.user_permissions.add(Permission.objects.get(codename="view_user"))
    client.force_login(clerk, backend="accounts.backends.PasswordBackend")
    assert "dossier" not in client.get(f"/admin/accounts/user/{alice.pk}/change/").content.decode()
