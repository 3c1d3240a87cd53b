from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.utils.timezone import now

from accounts import pruning
from accounts.models import User
from conway.management.commands.upkeep import logs
from conway.models import Alert
from credits.models import Webhook, WebhookDelivery
from inference.models import RefusedHour

# What is kept, and why it may be: the next table is to be thought of, too.
BOOKS = {
    "accounts.apikey", "accounts.user", "admin.logentry", "credits.auditrun", "credits.billingdetails",
    "credits.creditaccount", "credits.credittransaction", "credits.daysum", "credits.keyuse", "credits.monthclose",
    "credits.moverequest", "credits.staffaction", "credits.summeddays", "inference.chatmodel", "inference.completion",
    "inference.archivedday", "inference.price", "inference.catalogcheck",
}  # fmt: skip
AS_MANY_AS_SOMETHING_KEPT = {
    "accounts.passkey", "accounts.recoverycode", "accounts.savedfilter", "accounts.staffaddress", "accounts.totpapp",
    "accounts.walletaddress", "auth.group", "auth.permission", "contenttypes.contenttype", "credits.fundingnote",
    "credits.holdwatch", "credits.monthdraft", "credits.noticescan", "credits.noticesettings", "credits.staffceiling",
    "credits.webhook",
}  # fmt: skip
REMOVED_BY_WHAT_MAKES_THEM = {"credits.hold", "inference.soldday"}


def ages(*days: int) -> list[timedelta]:
    return [timedelta(days=each) for each in days]


@pytest.mark.django_db
def test_upkeep_removes_all_that_is_over_and_nothing_that_is_not(alice: User) -> None:
    for days, state in ((500, "closed"), (300, "closed"), (500, "open")):
        Alert.objects.create(
            kind="k", subject=f"{days} {state}", message="m", state=state, closed_at=now() - timedelta(days=days)
        )
    hook = Webhook.objects.create(user=alice, url="https://example.org", events=[], secret="s")
    for age in ages(500, 300):
        RefusedHour.objects.create(user=alice, hour=now() - age, status=429, code="c", number=1)
        for due in (None, now()):
            sent = WebhookDelivery(webhook=hook, event="e", about=f"{age.days} {due and 'due'}", body={}, next_at=due)
            sent.created_at = now() - age
            sent.save()
    said = StringIO()
    call_command("upkeep", stdout=said)
    assert set(Alert.objects.values_list("subject", flat=True)) == {"300 closed", "500 open"}
    assert set(WebhookDelivery.objects.values_list("about", flat=True)) == {"300 None", "300 due", "500 due"}
    assert [(now() - row.hour).days for row in RefusedHour.objects.all()] == [300]
    assert {line.split(":")[0] for line in said.getvalue().splitlines()} == {*pruning.prune(), *logs(now())}
    assert {"alerts: 1", "webhook deliveries: 1", "refusals: 1"} <= set(said.getvalue().splitlines())


def test_every_table_is_pruned_or_there_is_a_reason() -> None:
    pruned = {rows.model._meta.label_lower for rows in (*pruning.over(now()).values(), *logs(now()).values())}
    there = {model._meta.label_lower for model in apps.get_models()}
    kept = BOOKS | AS_MANY_AS_SOMETHING_KEPT | REMOVED_BY_WHAT_MAKES_THEM
    assert there - pruned == kept and not pruned & kept
