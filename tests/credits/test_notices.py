"""A low balance, a key at its limit, top-ups and refunds are told, once, to whoever wants it."""

import hashlib
import hmac
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core import mail
from django.db.models.functions import Now
from django.test import Client

from accounts.models import ApiKey
from conway.common import outbox, outgoing
from credits import ledger, notices, webhooks
from credits.models import CreditTransaction, KeyUse, NoticeScan, NoticeSettings, Webhook, WebhookDelivery
from credits.models import Webhook as Hook
from tests.credits.ledger_driver import buy
from tests.private_addresses import OURS

pytestmark = pytest.mark.django_db(transaction=True)
ALL = list(Hook.Event.values)


class Receiver(HTTPServer):
    """Of a customer's; it may be down."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?a=1"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *said: object) -> None:
        pass


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    settings.CONWAY_WEBHOOKS_PRIVATE = True
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """A look waits for no transaction to settle."""
    monkeypatch.setattr(notices, "SETTLING", timedelta(0))


@pytest.fixture
def mailed(settings):
    settings.EMAIL_DELIVERED_BY = "django.core.mail.backends.locmem.EmailBackend"
    mail.outbox = []

    def mailed():
        outbox.rest(5)
        return [message.subject for message in mail.outbox]

    return mailed


def spent(user, run, cents):
    """And a look at the accounts, as if a minute had gone by. The first begins before all that this test booked: from
    zero it would go through every number that tests before have used up, in pieces of one for 13 s.
    """
    oldest = CreditTransaction.objects.order_by("id").values_list("id", flat=True).first() or 1
    NoticeScan.objects.get_or_create(pk=1, defaults={"position": oldest - 1})
    run(buy(user, cents))
    return notices.look()


def test_a_low_balance_is_told_once_until_it_is_topped_up(alice, sam, run, mailed):
    assert spent(alice, run, 100) == 1 and mailed() == []  # 900 left, at 100 in seven days
    spent(alice, run, 700)
    assert mailed() == ["Your Conway credit is low: $2.00 left"]
    spent(alice, run, 50)
    assert len(mailed()) == 1
    ledger.top_up(user=alice, cents=200, reference="more", reason="More", by=sam, payment="INV-9")
    assert NoticeSettings.objects.get().told_low_at is None
    spent(alice, run, 50)
    assert len(mailed()) == 2


def test_the_pages_say_so_meanwhile(alice, run, mailed, client):
    client.force_login(alice, backend="accounts.backends.PasswordBackend")
    assert "Your credit is low" not in client.get("/account").content.decode()
    spent(alice, run, 900)
    for address in ("/", "/account", "/keys", "/models"):
        assert "Your credit is low" in client.get(address).content.decode(), address


def test_who_wants_no_mail_gets_none(alice, run, mailed):
    NoticeSettings.objects.create(user=alice, by_email=False)
    spent(alice, run, 900)
    assert mailed() == [] and NoticeSettings.objects.get().told_low_at


def test_the_threshold_is_theirs(alice, run, mailed):
    NoticeSettings.objects.create(user=alice, low_days=90)
    spent(alice, run, 100)
    assert len(mailed()) == 1  # 900 at 100 in seven days: 63 days


def test_a_look_begins_where_the_last_one_ended(alice, run, mailed):
    spent(alice, run, 10)
    assert notices.look() == 0
    assert NoticeScan.objects.get().position == CreditTransaction.objects.latest("id").pk


def test_a_look_takes_as_many_pieces_as_there_are(alice, run, mailed, monkeypatch):
    monkeypatch.setattr(notices, "IDS_AT_ONCE", 1)
    for _ in range(3):
        run(buy(alice, 1))
    assert spent(alice, run, 990) >= 4 and len(mailed()) == 1


def test_the_first_look_tells_nobody_of_years_ago(alice, run, mailed):
    run(buy(alice, 990))
    assert notices.look() == 0 and mailed() == []


def test_a_summary_comes_once_a_week_to_who_wants_it(alice, bob, mailed):
    NoticeSettings.objects.create(user=alice, weekly=True)
    NoticeSettings.objects.create(user=bob)
    assert (notices.send_weeks(), notices.send_weeks()) == (1, 0)
    assert [subject.startswith("Your Conway week from") for subject in mailed()] == [True]


def test_top_ups_and_refunds_are_told_signed(alice, sam, run, receiver):
    hook = webhooks.add(alice, receiver.url, ALL)
    completion = run(buy(alice, 20))
    ledger.refund(reference=f"inference:{completion}", cents=5, reason="Slow", by=sam, note="INTERNAL")
    ledger.top_up(user=alice, cents=200, reference="more", reason="More", by=sam, payment="INV-9")
    while webhooks.deliver_due():
        pass
    events = [json.loads(body) for _, body in receiver.got]
    assert sorted((told["event"], told["data"]["amount_cents"]) for told in events) == [("refund", 5), ("top_up", 200)]
    assert b"INTERNAL" not in b"".join(body for _, body in receiver.got)
    for headers, body in receiver.got:
        moment, digest = (part.partition("=")[2] for part in headers["x-conway-signature"].split(","))
        assert digest == hmac.new(hook.secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    assert not WebhookDelivery.objects.filter(delivered_at=None).exists()


def test_what_was_not_booked_is_not_told(alice, sam):
    webhooks.add(alice, "https://example.org/", ALL)
    with pytest.raises(ledger.UnableToPost):
        ledger.top_up(user=alice, cents=200, reference="alice-begins", reason="Again", by=sam, payment="INV-9")
    assert not WebhookDelivery.objects.exists()


def test_a_receiver_that_is_down_catches_up(alice, sam, receiver):
    webhooks.add(alice, receiver.url, ["top_up"])
    receiver.status = 503
    ledger.top_up(user=alice, cents=200, reference="more", reason="More", by=sam, payment="INV-9")
    assert webhooks.deliver_due() == 1 and webhooks.deliver_due() == 0  # not before its time
    row = WebhookDelivery.objects.get()
    assert (row.attempts, row.last_said, row.delivered_at) == (1, "answered 503", None) and row.next_at
    receiver.status = 204
    WebhookDelivery.objects.update(next_at=Now())
    assert webhooks.deliver_due() == 1
    assert WebhookDelivery.objects.get().delivered_at and len({json.loads(body)["id"] for _, body in receiver.got}) == 1


def test_it_is_given_up_at_last_and_sent_again_when_asked(alice, sam, receiver, client):
    webhooks.add(alice, receiver.url, ["top_up"])
    receiver.status = 500
    ledger.top_up(user=alice, cents=200, reference="more", reason="More", by=sam, payment="INV-9")
    for _ in range(len(webhooks.BACKOFF) + 3):
        WebhookDelivery.objects.filter(next_at__isnull=False).update(next_at=Now())
        webhooks.deliver_due()
    row = WebhookDelivery.objects.get()
    assert row.next_at is None and row.attempts == len(webhooks.BACKOFF) + 1 == len(receiver.got)
    receiver.status = 200
    client.force_login(alice, backend="accounts.backends.PasswordBackend")
    assert "given up" in client.get("/credits/notifications").content.decode()
    client.post(f"/credits/deliveries/{row.pk}/again")
    webhooks.deliver_due()
    assert "delivered" in client.get("/credits/notifications").content.decode()


def test_a_key_at_its_limit_is_told_once_for_its_window(alice, run, receiver):
    webhooks.add(alice, receiver.url, ["key_limit_reached"])
    key, _ = ApiKey.issue(user=alice, name="agents", limit_cents=20, limit_period="month")
    KeyUse.objects.create(key=key, spent_cents=20)
    for _ in range(2):
        notices.look_at(alice.pk, {key.pk})
    webhooks.deliver_due()
    ((_, body),) = receiver.got
    told = json.loads(body)["data"]
    assert (told["name"], told["limit_cents"]) == ("agents", 20) and told["resets_at"].endswith("-01T00:00:00+00:00")


UNLIKELY = ("http://example.org/", "https://localhost/", "https://user:word@example.org/", "ftp://example.org/")


@pytest.mark.parametrize(
    "url", [*UNLIKELY, *(f"https://{f'[{one}]' if ':' in one else one}/" for one in OURS if "%" not in one)]
)
def test_no_webhook_reaches_what_is_ours(alice, url, settings, client):
    settings.CONWAY_WEBHOOKS_PRIVATE = False
    with pytest.raises(outgoing.NotAllowed):
        outgoing.post(url, b"{}", {})
    client.force_login(alice, backend="accounts.backends.PasswordBackend")
    assert client.post("/credits/notifications", {"url": url, "events": ["top_up"]}).status_code == 400
    assert not Webhook.objects.exists()


def test_a_name_that_nobody_knows_sounds_like_one_of_our_network(settings, monkeypatch):
    settings.CONWAY_WEBHOOKS_PRIVATE = False
    said = set()
    for found in ([], [(0, 0, 0, "", ("10.0.0.7", 443))], [(0, 0, 0, "", (one, 443)) for one in ("8.8.8.8", "::1")]):
        monkeypatch.setattr(socket, "getaddrinfo", partial(answering, found))
        with pytest.raises(outgoing.NotAllowed) as refused:
            outgoing.allowed_address("https://payroll.example/")
        said.add(str(refused.value))
    assert len(said) == 1


def answering(found, *_, **__):
    if not found:
        raise socket.gaierror
    return found


def test_a_redirect_is_not_followed(alice, sam, receiver):
    webhooks.add(alice, receiver.url, ["top_up"])
    receiver.status = 302
    ledger.top_up(user=alice, cents=200, reference="more", reason="More", by=sam, payment="INV-9")
    webhooks.deliver_due()
    assert len(receiver.got) == 1 and WebhookDelivery.objects.get().delivered_at is None


def test_a_receiver_that_never_answers_holds_nobody_up(monkeypatch, settings):
    settings.CONWAY_WEBHOOKS_PRIVATE = True
    monkeypatch.setattr(outgoing, "SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises((OSError, outgoing.http.client.HTTPException)):
            outgoing.post(f"http://127.0.0.1:{silent.getsockname()[1]}/", b"{}", {})
        assert time.monotonic() - began < 5


def test_nobody_removes_or_resends_what_is_anothers(alice, bob, sam, receiver, client: Client):
    hook = webhooks.add(alice, receiver.url, ["top_up"])
    ledger.top_up(user=alice, cents=200, reference="more", reason="More", by=sam, payment="INV-9")
    client.force_login(bob, backend="accounts.backends.PasswordBackend")
    assert client.post(f"/credits/webhooks/{hook.pk}/remove").status_code == 404
    assert client.post(f"/credits/deliveries/{WebhookDelivery.objects.get().pk}/again").status_code == 404
    assert hook.secret not in client.get("/credits/notifications").content.decode()
