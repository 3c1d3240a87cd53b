import re
from decimal import Decimal

from django.test import Client

from accounts.models import User
from credits.models import CreditAccount, Hold
from inference.models import Completion
from tests.pages.conftest import Visit


def test_it_adds_up_from_tokens_to_the_charge(ada: User, visit: Visit, receipt: str) -> None:
    page = visit(ada).get(f"/receipts/{receipt}")
    completion, shown = Completion.objects.get(pk=receipt), page.context
    assert sum(row.line.cost_usd for row in shown["lines"]) == completion.cost_usd
    total = completion.cost_usd + shown["markup_usd"] + shown["rounding"]
    assert total == Decimal(completion.charged_cents) / 100 and 0 <= shown["rounding"] < Decimal("0.01")
    assert f'data-cents="{completion.charged_cents}"' in page.content.decode()


def test_it_shows_what_was_refunded_and_paid(ada: User, visit: Visit, receipt: str) -> None:
    said = visit(ada).get(f"/receipts/{receipt}").content.decode()
    assert "Refunded" in said and "Paid" in said and "The provider reported" in said


def test_one_under_way_says_what_is_held(alice: User, hers: Client) -> None:
    CreditAccount.objects.filter(pk=alice.pk).update(held_cents=25)
    Hold.objects.create(
        completion_id="chatcmpl-running", account_id=alice.pk, cents=25, process="p", details={"model": "gpt-5.2"}
    )
    said = hers.get("/receipts/chatcmpl-running").content.decode()
    assert "$0.25" in said and "under way" in said


def test_the_margin_is_for_staff(ada: User, sam: User, visit: Visit, receipt: str) -> None:
    assert "Margin" not in visit(ada).get(f"/receipts/{receipt}").content.decode()
    assert "Margin" in visit(sam).get(f"/receipts/{receipt}").content.decode()


def test_history_rows_lead_to_it(ada: User, visit: Visit, receipt: str) -> None:
    links = re.findall(r'href="(/receipts/[\w-]+)"', visit(ada).get("/credits/history").content.decode())
    assert f"/receipts/{receipt}" in links and len(links) == 50
