"""Whatever page or action of the admin changes something leaves a row in the list of what staff did.

The names are those of the table of roles: a page that writes and is not done here fails the first test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.utils.timezone import now, timedelta

from accounts.models import ApiKey, User
from conway.models import Alert
from credits import ledger
from credits.models import CreditAccount, FundingNote, MoveRequest, StaffAction
from inference.admin.price_form import newest_price
from inference.models import ChatModel, Completion, Price
from tests import lasting_catalogue
from tests.accounts.attacks.forms import NO_WALLETS, act, opened, sent
from tests.accounts.attacks.test_every_admin_page import EXPECTED, OFFERED
from tests.credits.ledger_driver import TABLE, buy
from tests.roles import as_owner
from tests.second_factors import give_app

ADMIN, FROM = "/admin", "203.0.113.9"
USERS, KEYS, GROUPS = f"{ADMIN}/accounts/user/", f"{ADMIN}/accounts/apikey/", f"{ADMIN}/auth/group/"
ACCOUNTS, CEILINGS, MODELS = f"{ADMIN}/credits/creditaccount/", f"{ADMIN}/credits/staffceiling/", "inference/chatmodel/"
WRITES_NOTHING = {
    "inference_completion_find",  # leads to a page
    "password_change",  # leads to the page where customers change their own
    "save_filter",  # kept for oneself, seen by nobody else
    "remove_filter",
}


@dataclass
class World:
    admin: Client
    alice: User
    colleague: User
    charge: str

    def edit(self, path: str, **fields: Any) -> None:
        sent(self.admin, path, {**opened(self.admin, path), **fields})

    def move(self, name: str, **fields: Any) -> None:
        form = {"reference": f"form-{name}", "reason": "Paid", "amount": "1", "confirmed": "yes", **fields}
        self.admin.post(f"{ACCOUNTS}{name}/", form)

    def post(self, path: str, **fields: Any) -> Any:
        return self.admin.post(f"{ADMIN}/{path}", fields)


def key(world: World) -> ApiKey:
    return ApiKey.issue(user=world.alice, name="laptop")[0]


def group() -> Group:
    return Group.objects.create(name="interns")


def asked(world: World) -> MoveRequest:
    return MoveRequest.objects.create(
        user=world.alice, type="top_up", amount_cents=1, reference="top_up:asked", payment_reference="INV-9",
        reason="Asked", requested_by=world.colleague, expires_at=now() + timedelta(hours=1),
    )  # fmt: skip


def alert() -> Alert:
    return Alert.objects.create(kind="audit_overdue", message="The books were not checked.")


def with_app(world: World) -> User:
    give_app(world.alice)
    return world.alice


def stopped(world: World) -> int:
    CreditAccount.objects.filter(pk=world.alice.pk).update(written_off_cents=5)
    return world.alice.pk


def closes_a_month(world: World) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # past the rule that history does not change
        cursor.execute("UPDATE credits_credittransaction SET created_at = created_at - interval '40 days'")
        cursor.execute("SET session_replication_role = origin")
    month = (datetime.now(UTC) - timedelta(days=40)).date().replace(day=1)
    world.post("credits/monthclose/close/", month=month.isoformat())


def refunds_an_incident(world: World) -> None:
    moment = now()
    form = {
        "name": "outage", "provider": "openai", "since": f"{moment - timedelta(hours=1):%Y-%m-%dT%H:%M}",
        "until": f"{moment + timedelta(hours=1):%Y-%m-%dT%H:%M}", "which": "all", "reason": "An outage",
    }  # fmt: skip
    seen = world.post("inference/completion/incident/", **form).context["found"]
    world.post("inference/completion/incident/", **form, confirmed="yes", digest=seen.digest)


def rebills(world: World) -> None:
    moments = {"begin": now() - timedelta(hours=1), "end": now() + timedelta(hours=1)}
    fields = {"served_model": "gpt-9", "right": "gpt-5-mini", "reason": "Cheaper", "confirmed": "1"}
    layouts = enumerate(("%Y-%m-%d", "%H:%M:%S"))
    fields |= {f"{name}_{place}": f"{at:{layout}}" for place, layout in layouts for name, at in moments.items()}
    world.post("inference/completion/rebill/", **fields)


def adds_a_price(world: World) -> None:
    start = (now() + timedelta(minutes=9)).strftime("%Y-%m-%dT%H:%M:%S")
    price = {"model": "gpt-5-mini", "starts_at": start, "source": "invoice", "input-0": "1", "output-0": "2"}
    world.post("inference/price/add/", **price, version=newest_price(), confirmed="yes", typed="gpt-5-mini")


def withdraws_it(world: World) -> None:
    row = Price.objects.get(model="gpt-5-mini", starts_at__lte=now())
    later = Price.objects.create(model=row.model, starts_at=now() + timedelta(hours=2), sheet=row.sheet)
    world.post(f"inference/price/{later.pk}/withdraw/")


def adds_a_model(world: World) -> None:
    page = f"{ADMIN}/{MODELS}"
    like = opened(world.admin, f"{page}gpt-5-mini/change/")
    sent(world.admin, f"{page}add/", {**like, "name": "gpt-5-nano-2", "version": None})


WRITES: dict[str, Callable[[World], Any]] = {
    "accounts_apikey_change": lambda w: w.edit(f"{KEYS}{key(w).pk}/change/", name="old laptop"),
    "accounts_user_add": lambda w: w.admin.post(f"{USERS}add/", {"email": "new@example.org", **NO_WALLETS}),
    "accounts_user_change": lambda w: w.edit(f"{USERS}{w.alice.pk}/change/", name="Alice B."),
    "accounts_user_password_link": lambda w: w.post(f"accounts/user/{w.alice.pk}/send-password-link/"),
    "accounts_user_reset_second_factor": lambda w: w.post(f"accounts/user/{with_app(w).pk}/reset-second-factor/"),
    "accounts_user_unlock": lambda w: w.post(f"accounts/user/{w.alice.pk}/unlock/"),
    "auth_group_add": lambda w: w.post("auth/group/add/", name="night shift"),
    "auth_group_change": lambda w: w.edit(f"{GROUPS}{group().pk}/change/", name="trainees"),
    "auth_group_delete": lambda w: w.post(f"auth/group/{Group.objects.create(name='x').pk}/delete/", post="yes"),
    "credits_creditaccount_top_up": lambda w: w.move("top-up", user=w.alice.pk, payment="INV-1"),
    "credits_creditaccount_adjust": lambda w: w.move("adjust", user=w.alice.pk),
    "credits_creditaccount_refund": lambda w: w.move("refund", charge=w.charge),
    "credits_fundingnote_change": lambda w: w.edit(f"{ADMIN}/credits/fundingnote/1/change/", text="Ask us."),
    "credits_let_ask": lambda w: w.post(f"credits/creditaccount/{stopped(w)}/let-ask/"),
    "credits_moverequest_decide": lambda w: w.post(f"credits/moverequest/{asked(w).pk}/decide/", decision="refuse"),
    "credits_staffceiling_add": lambda w: w.post(
        "credits/staffceiling/add/", user=w.colleague.pk, booking_cents="2", day_cents="3"
    ),
    "credits_staffceiling_change": lambda w: w.edit(f"{CEILINGS}{w.colleague.pk}/change/", day_cents="9"),
    "credits_staffceiling_delete": lambda w: w.post(f"credits/staffceiling/{w.colleague.pk}/delete/", post="yes"),
    "inference_chatmodel_add": adds_a_model,
    "inference_chatmodel_change": lambda w: w.edit(f"{ADMIN}/{MODELS}gpt-5-mini/change/", is_on=None),
    "inference_completion_rebill": rebills,
    "inference_completion_incident": refunds_an_incident,
    "inference_price_add": adds_a_price,
    "inference_price_withdraw": withdraws_it,
    "credits_monthclose_close": closes_a_month,
}
ACTED: dict[str, Callable[[World], Any]] = {
    "accounts_user.deactivate": lambda w: act(w.admin, USERS, "deactivate", w.alice),
    "accounts_user.reactivate": lambda w: act(w.admin, USERS, "reactivate", w.alice),
    "accounts_apikey.revoke": lambda w: act(w.admin, KEYS, "revoke", key(w)),
    "conway_alert.mark_seen": lambda w: act(w.admin, f"{ADMIN}/conway/alert/", "mark_seen", alert()),
    "conway_alert.close": lambda w: act(w.admin, f"{ADMIN}/conway/alert/", "close", Alert.objects.get()),
}


@pytest.fixture
def world(transactional_db: None, alice: User, sam: User, staff: Any, at_admin: Any, run: Any) -> World:
    lasting_catalogue.load()
    FundingNote.objects.create(pk=1, text="Ask.")
    admin, model = at_admin(sam), ChatModel.objects.get(pk="gpt-5-mini")
    admin.defaults["REMOTE_ADDR"] = FROM
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(TABLE)  # where the driver writes its receipts
        cursor.execute("GRANT ALL ON driver_completion TO PUBLIC")
    ledger.top_up(user=alice, cents=1000, reference="alice-begins", reason="Her first money", by=None)
    for served_model in ("gpt-9", "gpt-5-mini"):
        charge: str = run(buy(alice, 300))
        Completion.objects.create(
            id=charge, user=alice, model=model, provider="openai", price=model.prices.get(), is_stream=False,
            cost_usd=0, charged_cents=300, settlement="exact", ending="complete", status=200, admitted_at=now(),
            served_model=served_model,
        )  # fmt: skip
    return World(admin, alice, staff("cashier", "colleague"), charge)


def test_every_page_and_action_that_writes_is_done_here() -> None:
    written = {name for name, roles in EXPECTED.items() if any("w" in letters for letters in roles.values())}
    assert written - WRITES_NOTHING == WRITES.keys()
    assert ACTED.keys() == OFFERED.keys()


def told(world: World, does: Callable[[World], Any]) -> list[tuple[str, str | None]]:
    before = set(StaffAction.objects.values_list("pk", flat=True))
    does(world)
    rows = StaffAction.objects.exclude(pk__in=before)
    return [(str(row.by), row.address) for row in rows if not row.pk.startswith("asked-")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.spoils_the_books  # the charge of an incident's completion is younger than its month's close
def test_each_leaves_a_row_with_who_and_from_where(world: World, sam: User) -> None:
    rows = {name: told(world, does) for name, does in (WRITES | ACTED).items()}
    assert {name: set(found) for name, found in rows.items()} == {name: {(str(sam), FROM)} for name in rows}
