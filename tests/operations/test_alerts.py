"""What staff must know: found, told once, seen, over."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils.timezone import now

from accounts.models import User
from conway.alerts import keeping
from conway.common import outbox
from conway.models import Alert
from credits.models import AuditRun, CreditAccount
from inference import catalog
from inference.models import ChatModel, Completion

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def told_by_mail(settings: Any, own_spool: Path) -> None:
    settings.CONWAY_ALERT_EMAILS = ("ops@example.com",)


@pytest.fixture
def look() -> Callable[[], list[tuple[str, str]]]:
    """One look; what is open or seen then."""

    def look() -> list[tuple[str, str]]:
        keeping.look()
        assert outbox.rest(5)
        rows = Alert.objects.exclude(state="closed").order_by("kind", "subject")
        return list(rows.values_list("kind", "subject"))

    return look


@pytest.fixture
def completion(alice: User) -> Callable[..., Completion]:
    catalog.load()
    ChatModel.objects.update(retires_on=None)
    model = ChatModel.objects.get(pk="gpt-5-mini")

    def completion(*alerts: str, id: str = "chatcmpl-1", **fields: Any) -> Completion:
        return Completion.objects.create(
            id=id, user=alice, model=model, provider="openai", price=model.prices.get(), is_stream=False, cost_usd=0,
            charged_cents=0, settlement="exact", ending="complete", status=200, admitted_at=now(), alerts=list(alerts),
            **fields,
        )  # fmt: skip

    return completion


def test_nothing_is_told_when_nothing_is_wrong(look: Any) -> None:
    assert look() == []
    assert mail.outbox == []


def test_what_began_is_told_once_however_often_it_is_looked_at(look: Any) -> None:
    AuditRun.objects.create(accounts=1, faults=3)
    for _ in range(3):
        assert look() == [("books_off", "")]
    (told,) = mail.outbox
    assert told.to == ["ops@example.com"]
    assert "3 faults" in told.body


def test_what_is_over_is_closed_and_told_again_when_it_begins_again(look: Any) -> None:
    for faults in (1, 0, 2):
        AuditRun.objects.create(accounts=1, faults=faults)
        assert look() == ([("books_off", "")] if faults else [])
    assert list(Alert.objects.order_by("pk").values_list("state", flat=True)) == ["closed", "open"]
    assert len(mail.outbox) == 2


def test_what_begins_together_is_told_in_one_mail(look: Any, completion: Any) -> None:
    completion(*(f"served:model-{number}" for number in range(60)))
    look()
    (told,) = mail.outbox
    assert told.subject == "Conway: 60 alerts"
    assert "And 40 more." in told.body


@pytest.mark.parametrize(
    ("alert", "found"),
    [
        ("provider:provider_auth_failed", ("provider", "openai provider_auth_failed")),
        ("provider:provider_quota_exhausted", ("provider", "openai provider_quota_exhausted")),
        ("unpriced:audio_in", ("unpriced", "gpt-5-mini audio_in")),
        ("served:gpt-9", ("served", "gpt-5-mini gpt-9")),
        ("no_usage", ("no_usage", "gpt-5-mini")),
    ],
)
def test_what_a_completion_tells_is_an_alert(look: Any, completion: Any, alert: str, found: tuple[str, str]) -> None:
    completion(alert)
    assert look() == [found]


def test_a_provider_that_serves_again_for_an_hour_is_well(look: Any, completion: Any) -> None:
    completion("provider:provider_auth_failed", created_at=now() - timedelta(minutes=61))
    assert look() == []


def test_what_happened_and_was_closed_needs_to_happen_anew(look: Any, completion: Any, sam: User) -> None:
    completion("unpriced:audio_in")
    look()
    Alert.objects.update(state="closed", handled_by=sam, closed_at=now())
    assert look() == []
    completion("unpriced:audio_in", id="chatcmpl-2")
    assert look() == [("unpriced", "gpt-5-mini audio_in")]


def test_what_is_still_so_and_was_closed_opens_again(look: Any, sam: User) -> None:
    AuditRun.objects.create(accounts=1, faults=1)
    look()
    Alert.objects.update(state="closed", handled_by=sam, closed_at=now())
    assert look() == [("books_off", "")]


def test_an_audit_that_is_late_is_told(look: Any, alice: User) -> None:
    assert look() == []
    AuditRun.objects.create(accounts=1, faults=0, finished_at=now() - timedelta(hours=27))
    assert look() == [("audit_overdue", "")]


def test_an_account_that_is_stopped_is_told(look: Any, alice: User) -> None:
    CreditAccount.objects.filter(user=alice).update(written_off_cents=101)
    assert look() == [("account_stopped", str(alice.pk))]


def test_a_model_that_ends_within_thirty_days_is_told(look: Any) -> None:
    catalog.load()
    ChatModel.objects.update(retires_on=None)
    ends = (now() + timedelta(days=20)).date()
    ChatModel.objects.filter(pk="gpt-5-mini").update(retires_on=ends, successor_from=None)
    assert look() == [("retirement", "gpt-5-mini")]


def test_a_model_that_its_provider_denies_is_told_by_its_name_until_it_answers(look: Any, completion: Any) -> None:
    completion("provider:model_not_found")
    denied = ChatModel.objects.filter(pk="gpt-5-mini")
    denied.update(missing_since=now())
    assert look() == [("missing", "gpt-5-mini")]
    assert "Callers are told of gpt-6-luna." in Alert.objects.get().message
    denied.update(missing_since=now() - timedelta(minutes=16))
    assert look() == []


def test_a_disk_that_takes_no_settlement_is_told(look: Any, own_spool: Path) -> None:
    own_spool.write_text("no folder")
    assert [kind for kind, _ in look()] == ["spool_unwritable"]
    own_spool.unlink()
    assert look() == []


def test_another_machines_disk_is_left_to_it(look: Any) -> None:
    Alert.objects.create(kind="spool_unwritable", subject="another machine", message="Its disk is full.")
    assert look() == [("spool_unwritable", "another machine")]


def test_a_backup_that_is_late_is_told_where_backups_are_watched(look: Any, settings: Any, tmp_path: Path) -> None:
    settings.CONWAY_BACKUP_DIR = str(tmp_path / "backups")
    assert [kind for kind, _ in look()] == ["backup_overdue"]
    (tmp_path / "backups" / "20261127T030000Z").mkdir(parents=True)
    (tmp_path / "backups" / "20261127T030000Z" / "backup_manifest").touch()
    assert look() == []


def test_a_look_that_fails_closes_nothing_and_stops_no_other(
    look: Any, completion: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    AuditRun.objects.create(accounts=1, faults=1)
    look()
    AuditRun.objects.create(accounts=1, faults=0)

    def broken() -> Iterator[Any]:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("conway.alerts.looks.SHARED", (broken,))
    assert look() == [("books_off", "")]


# The webhook


@pytest.fixture
def webhook(settings: Any) -> Iterator[list[Any]]:
    said: list[Any] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(500 if len(said) > 1 else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.CONWAY_ALERT_WEBHOOK = f"http://127.0.0.1:{server.server_port}/secret"
    yield said
    server.shutdown()
    server.server_close()


def test_a_webhook_is_told_the_same(look: Any, webhook: list[Any]) -> None:
    AuditRun.objects.create(accounts=1, faults=3)
    look()
    (said,) = webhook
    assert said["text"].startswith("Conway: The last audit found 3 faults")
    assert said["alerts"] == [{"kind": "books_off", "subject": ""}]


def test_a_webhook_that_fails_is_logged_without_its_address(
    look: Any, webhook: list[Any], caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    settings.CONWAY_ALERT_WEBHOOK = "http://127.0.0.1:1/secret"
    AuditRun.objects.create(accounts=1, faults=3)
    look()
    assert "The webhook for alerts was not reached" in caplog.text
    assert "secret" not in caplog.text


# The admin


def test_staff_mark_an_alert_seen_and_close_it(look: Any, staff: Any, at_admin: Callable[[User], Client]) -> None:
    AuditRun.objects.create(accounts=1, faults=3)
    look()
    alert, support = Alert.objects.get(), staff("support")
    client = at_admin(support)
    for action, state in (("mark_seen", "seen"), ("close", "closed")):
        client.post("/admin/conway/alert/", {"action": action, "_selected_action": [alert.pk]})
        alert.refresh_from_db()
        assert (alert.state, alert.handled_by) == (state, support)
        assert look() == [("books_off", "")]
    assert "Alert" in client.get("/admin/").content.decode()
