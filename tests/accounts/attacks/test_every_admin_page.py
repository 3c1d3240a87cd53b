"""Every role before every page and action of the admin.

The addresses come from the URL resolver and the actions from the ModelAdmins; what is expected stands in two tables. A
page or an action that is new fails here until somebody has written down who may have it.
"""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, reverse
from django.utils.timezone import now, timedelta

from accounts import rights
from accounts.logged import LoggedAdmin
from accounts.models import ApiKey, User
from conway.models import Alert
from credits import ledger
from credits.models import AuditRun, CreditTransaction, FundingNote, Hold, MonthClose, MoveRequest, StaffCeiling
from inference.models import ChatModel, Completion, RefusedHour
from tests import lasting_catalogue

# Who may look at a page (r) and send something to it (w). Lists and histories take nothing but their actions.
PAGES = """
                                        cashier support catalogue auditor plain superuser
accounts_apikey_add                     -       -       -         -       -     -
accounts_apikey_change                  -       rw      -         r       -     rw
accounts_apikey_changelist              -       r       -         r       -     r
accounts_apikey_export                  -       r       -         r       -     r
accounts_apikey_delete                  -       -       -         -       -     -
accounts_apikey_history                 -       r       -         r       -     r
accounts_user_add                       -       rw      -         -       -     rw
accounts_user_change                    r       rw      -         r       -     rw
accounts_user_changelist                r       r       -         r       -     r
accounts_user_export                    r       r       -         r       -     r
accounts_user_delete                    -       -       -         -       -     -
accounts_user_history                   r       r       -         r       -     r
accounts_user_password_link             -       w       -         -       -     w
accounts_user_reset_second_factor       -       -       -         -       -     w
accounts_user_unlock                    -       w       -         -       -     w
app_list                                r       r       r         r       r     r
auth_group_add                          -       -       -         -       -     rw
auth_group_change                       -       -       -         -       -     rw
auth_group_changelist                   -       -       -         -       -     r
auth_group_delete                       -       -       -         -       -     rw
auth_group_history                      -       -       -         -       -     r
autocomplete                            -       -       -         -       -     -
conway_alert_add                        -       -       -         -       -     -
conway_alert_change                     -       r       r         r       -     r
conway_alert_changelist                 -       r       r         r       -     r
conway_alert_delete                     -       -       -         -       -     -
conway_alert_export                     -       r       r         r       -     r
conway_alert_history                    -       r       r         r       -     r
credits_auditrun_add                    -       -       -         -       -     -
credits_auditrun_change                 -       -       -         r       -     r
credits_auditrun_changelist             -       -       -         r       -     r
credits_auditrun_export                 -       -       -         r       -     r
credits_auditrun_delete                 -       -       -         -       -     -
credits_auditrun_history                -       -       -         r       -     r
credits_creditaccount_add               -       -       -         -       -     -
credits_creditaccount_adjust            rw      -       -         -       -     rw
credits_creditaccount_change            r       r       -         r       -     r
credits_creditaccount_changelist        r       r       -         r       -     r
credits_creditaccount_export            r       r       -         r       -     r
credits_creditaccount_delete            -       -       -         -       -     -
credits_creditaccount_history           r       r       -         r       -     r
credits_creditaccount_refund            rw      -       -         -       -     rw
credits_creditaccount_top_up            rw      -       -         -       -     rw
credits_credittransaction_add           -       -       -         -       -     -
credits_credittransaction_change        r       r       -         r       -     r
credits_credittransaction_changelist    r       r       -         r       -     r
credits_credittransaction_export        r       r       -         r       -     r
credits_credittransaction_delete        -       -       -         -       -     -
credits_credittransaction_history       r       r       -         r       -     r
credits_fundingnote_add                 -       -       -         -       -     -
credits_fundingnote_change              -       -       rw        r       -     rw
credits_fundingnote_changelist          -       -       r         r       -     r
credits_fundingnote_delete              -       -       -         -       -     -
credits_fundingnote_history             -       -       r         r       -     r
credits_hold_add                        -       -       -         -       -     -
credits_hold_change                     r       r       -         r       -     r
credits_hold_changelist                 r       r       -         r       -     r
credits_hold_export                     r       r       -         r       -     r
credits_hold_delete                     -       -       -         -       -     -
credits_hold_history                    r       r       -         r       -     r
credits_let_ask                         w       -       -         -       -     w
credits_monthclose_add                  -       -       -         -       -     -
credits_monthclose_balances             r       -       -         r       -     r
credits_monthclose_cash                 r       -       -         r       -     r
credits_monthclose_change               r       -       -         r       -     r
credits_monthclose_changelist           r       -       -         r       -     r
credits_monthclose_close                -       -       -         -       -     rw
credits_monthclose_delete               -       -       -         -       -     -
credits_monthclose_export               r       -       -         r       -     r
credits_monthclose_history              r       -       -         r       -     r
credits_monthclose_income               r       -       -         r       -     r
inference_refusedhour_add               -       -       -         -       -     -
inference_refusedhour_change            r       r       -         r       -     r
inference_refusedhour_changelist        r       r       -         r       -     r
inference_refusedhour_delete            -       -       -         -       -     -
inference_refusedhour_export            r       r       -         r       -     r
inference_refusedhour_history           r       r       -         r       -     r
inference_completion_incident           rw      -       -         -       -     rw
inference_completion_rebill             rw      -       -         -       -     rw
inference_completion_find               rw      rw      rw        rw      rw    rw
credits_moverequest_add                 -       -       -         -       -     -
credits_moverequest_change              r       -       -         r       -     r
credits_moverequest_changelist          r       -       -         r       -     r
credits_moverequest_export              r       -       -         r       -     r
credits_moverequest_decide              w       -       -         -       -     w
credits_moverequest_delete              -       -       -         -       -     -
credits_moverequest_history             r       -       -         r       -     r
credits_staffaction_add                 -       -       -         -       -     -
credits_staffaction_change              -       -       -         r       -     r
credits_staffaction_changelist          -       -       -         r       -     r
credits_staffaction_delete              -       -       -         -       -     -
credits_staffaction_export              -       -       -         r       -     r
credits_staffaction_history             -       -       -         r       -     r
credits_staffceiling_add                -       -       -         -       -     rw
credits_staffceiling_change             -       -       -         -       -     rw
credits_staffceiling_changelist         -       -       -         -       -     r
credits_staffceiling_delete             -       -       -         -       -     rw
credits_staffceiling_history            -       -       -         -       -     r
index                                   r       r       r         r       r     r
inference_chatmodel_add                 -       -       rw        -       -     rw
inference_chatmodel_change              -       r       rw        r       -     rw
inference_chatmodel_changelist          -       r       r         r       -     r
inference_chatmodel_delete              -       -       -         -       -     -
inference_chatmodel_history             -       r       r         r       -     r
inference_completion_add                -       -       -         -       -     -
inference_completion_change             r       r       r         r       -     r
inference_completion_changelist         r       r       r         r       -     r
inference_completion_export             r       r       r         r       -     r
inference_completion_delete             -       -       -         -       -     -
inference_completion_history            r       r       r         r       -     r
inference_price_add                     -       -       rw        -       -     rw
inference_price_change                  -       r       r         r       -     r
inference_price_changelist              -       r       r         r       -     r
inference_price_export                  -       r       r         r       -     r
inference_price_delete                  -       -       -         -       -     -
inference_price_history                 -       r       r         r       -     r
inference_price_withdraw                -       -       w         -       -     w
jsi18n                                  r       r       r         r       r     r
remove_filter                           w       w       w         w       w     w
save_filter                             w       w       w         w       w     w
password_change                         rw      rw      rw        rw      rw    rw
password_change_done                    r       r       r         r       r     r
view_on_site                            r       r       r         r       r     r
"""
LOOKED_AT_ONLY = ("_changelist", "_history", "index", "app_list", "view_on_site")
OPEN_TO_ALL = {"login", "logout"}

# Who is offered an action.
ACTIONS = """
                                  cashier support catalogue auditor plain superuser
accounts_user.deactivate          -       x       -         -       -     x
accounts_user.reactivate          -       x       -         -       -     x
accounts_apikey.revoke            -       x       -         -       -     x
conway_alert.mark_seen            -       x       -         -       -     x
conway_alert.close                -       x       -         -       -     x
"""
STRANGERS = ("anonymous", "user")


def parsed(table: str) -> tuple[list[str], dict[str, dict[str, str]]]:
    head, *lines = table.strip("\n").splitlines()
    roles = head.split()
    return roles, {name: dict(zip(roles, cells, strict=True)) for name, *cells in map(str.split, lines)}


ROLES, EXPECTED = parsed(PAGES)
OFFERED = parsed(ACTIONS)[1]


def patterns(found: Any) -> Iterator[URLPattern]:
    for entry in found:
        yield from patterns(entry.url_patterns) if isinstance(entry, URLResolver) else [entry]


PATTERNS = {str(pattern.name): pattern for pattern in patterns(admin.site.get_urls()) if pattern.name}


@pytest.fixture
def rows(alice: User, sam: User, staff: Callable[..., User]) -> dict[str, Any]:
    """One row of each model, by its page's name; what it is of is alice's."""
    lasting_catalogue.load()
    other, model = staff("cashier", "other"), ChatModel.objects.get(pk="gpt-5-mini")
    account = ledger.top_up(user=alice, cents=1000, reference="begins", reason="Her first money", by=None).account
    asked = MoveRequest.objects.create(
        user=alice, type="top_up", amount_cents=1, reference="top_up:asked", payment_reference="INV-1", reason="Asked",
        requested_by=other, expires_at=now() + timedelta(hours=1),
    )  # fmt: skip
    completion = Completion.objects.create(
        id="chatcmpl-1", user=alice, model=model, provider="openai", price=model.prices.get(), is_stream=False,
        cost_usd=0, charged_cents=0, settlement="exact", ending="complete", status=200, admitted_at=now(),
    )  # fmt: skip
    found = [
        alice, ApiKey.issue(user=alice, name="laptop")[0], Group.objects.get(name="auditor"), account, asked,
        CreditTransaction.objects.get(), FundingNote.objects.create(pk=1, text="Ask."), model,
        Hold.objects.create(completion_id="chatcmpl-2", account=account, cents=1, process="p"), completion,
        AuditRun.objects.create(accounts=1, faults=0), model.prices.get(),
        RefusedHour.objects.create(user=alice, hour=now(), status=402, code="insufficient_credits", number=1),
        StaffCeiling.objects.create(user=other, booking_cents=1, day_cents=1),
        Alert.objects.create(kind="audit_overdue", message="The books were not checked."),
    ]  # fmt: skip
    return {f"{row._meta.app_label}_{row._meta.model_name}": row.pk for row in found} | {
        "credits_staffaction": f"asked-{asked.pk}",
        "credits_monthclose": a_close(sam).pk.isoformat(),
    }


def a_close(by: User) -> MonthClose:
    zeros = {f"{name}_cents": 0 for name in ("opening", "topped_up", "adjusted", "charged", "refunded", "written_off")}
    return MonthClose.objects.create(
        month=date(2026, 1, 1), accounts=0, closing_cents=0, cost_usd=0, lines=[], closed_by=by, **zeros
    )


def address(name: str, pattern: URLPattern, rows: dict[str, Any]) -> str:
    model = "_".join(name.split("_")[:2])
    known = {"app_label": "credits", "content_type_id": ContentType.objects.get_for_model(User).pk}
    wanted = pattern.pattern.regex.groupindex
    return reverse(f"admin:{name}", kwargs={key: known.get(key, rows.get(model, 1)) for key in wanted})


def is_let_in(answer: Any) -> bool:
    assert answer.status_code < 500
    to_sign_in = answer.status_code == 302 and answer.headers["location"].startswith("/admin/login/")
    return not to_sign_in and answer.status_code not in (403, 405)


def seen(client: Client, name: str, path: str) -> str:
    """What the server lets this client do there, in the letters of the table."""
    ways = [("r", client.get)] if name.endswith(LOOKED_AT_ONLY) else [("r", client.get), ("w", client.post)]
    return "".join(letter for letter, way in ways if is_let_in(way(path))) or "-"


@pytest.fixture
def client_of(
    alice: User, sam: User, staff: Callable[..., User], at_admin: Callable[[User], Client]
) -> Callable[[str], Client]:
    people = {"user": lambda: alice, "superuser": lambda: sam}
    return lambda role: Client() if role == "anonymous" else at_admin(people.get(role, lambda: staff(role))())


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A refusal is logged with its traceback; here are hundreds."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_every_page_is_in_the_table() -> None:
    assert PATTERNS.keys() - OPEN_TO_ALL == EXPECTED.keys()


def test_every_action_is_in_the_table(sam: User) -> None:
    assert offered_to(sam) == OFFERED.keys()


@pytest.mark.parametrize("role", [*STRANGERS, *ROLES])
def test_each_page_is_for_whom_the_table_says(
    role: str, rows: dict[str, Any], client_of: Callable[..., Client]
) -> None:
    client = client_of(role)
    told = {name: seen(client, name, address(name, PATTERNS[name], rows)) for name in EXPECTED}
    assert told == {name: roles.get(role, "-") for name, roles in EXPECTED.items()}


@pytest.mark.parametrize("role", ROLES)
def test_each_action_is_for_whom_the_table_says(role: str, sam: User, staff: Callable[..., User]) -> None:
    user = sam if role == "superuser" else staff(role)
    assert offered_to(user) == {name for name, roles in OFFERED.items() if roles[role] == "x"}


def offered_to(user: User) -> set[str]:
    request = RequestFactory().get("/admin/")
    request.user = User.objects.get(pk=user.pk)
    return {
        f"{model._meta.app_label}_{model._meta.model_name}.{action}"
        for model, model_admin in admin.site._registry.items()
        if model_admin.has_view_permission(request)
        for action in model_admin.get_actions(request)
    }


@pytest.mark.parametrize("role", ROLES)
def test_without_a_second_factor_nobody_sees_any_page(
    role: str, rows: dict[str, Any], client_of: Callable[..., Client], settings: Any
) -> None:
    settings.CONWAY_STAFF_SECOND_FACTOR = True
    client = client_of(role)
    assert {name: seen(client, name, address(name, PATTERNS[name], rows)) for name in EXPECTED} == dict.fromkeys(
        EXPECTED, "-"
    )


@pytest.mark.parametrize("role", ["cashier", "superuser"])  # the door is one for all
def test_with_one_they_see_what_the_table_says(
    role: str, rows: dict[str, Any], client_of: Callable[..., Client], settings: Any
) -> None:
    settings.CONWAY_STAFF_SECOND_FACTOR = True
    client = client_of(role)
    session = client.session
    session["proofs"] = {**session["proofs"], "second factor": time.time()}
    session.save()
    told = {name: seen(client, name, address(name, PATTERNS[name], rows)) for name in EXPECTED}
    assert told == {name: roles[role] for name, roles in EXPECTED.items()}


def test_whatever_logs_says_from_where() -> None:
    assert [found for found in admin.site._registry.values() if not isinstance(found, LoggedAdmin)] == []


@pytest.mark.parametrize("role", [role for role in ROLES if role != "superuser"])
def test_no_role_holds_a_permission_that_does_nothing(role: str, staff: Callable[..., User]) -> None:
    held = set(Permission.objects.filter(group__user=staff(role)))
    assert held <= set(rights.with_effect())


def test_what_is_not_offered_opens_nothing(
    rows: dict[str, Any], staff: Callable[..., User], at_admin: Callable[[User], Client]
) -> None:
    """Somebody who holds all the hidden permissions sees as much as somebody who holds none."""
    user = staff("plain")
    user.user_permissions.set(Permission.objects.exclude(pk__in=rights.with_effect()))
    client = at_admin(user)
    told = {name: seen(client, name, address(name, PATTERNS[name], rows)) for name in EXPECTED}
    assert told == {name: roles["plain"] for name, roles in EXPECTED.items()}
