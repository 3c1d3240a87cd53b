"""Every address of the project, asked for by somebody it does not belong to, and by nobody."""

from collections.abc import Iterator

import httpx2
import pytest
from django.conf import settings
from django.test import Client
from django.urls import get_resolver
from pytest_django import DjangoDbBlocker
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from accounts import access_tokens
from accounts.models import ApiKey, SignInLink, User
from credits import webhooks
from credits.models import CreditAccount, CreditTransaction, Webhook, WebhookDelivery
from inference.models import Completion
from tests.addresses import PARAMETER, addresses
from tests.browser import sample_month
from tests.lasting_service import fresh as fresh
from tests.lasting_service import lasting_service
from tests.pages.conftest import Visit
from tests.served import Served

ENDS_THE_WALK = ("/admin/logout/", "/sign-out")
PAGE_METHODS = ("GET", "POST")
API_METHODS = ("GET", "POST", "DELETE", "PUT", "PATCH")


class Walk:
    """Ada, what is hers, and a server before which strangers stand."""

    def __init__(self, server: Served) -> None:
        self.server = server
        self.ada = User.objects.create_user("ada@example.org", "ada's password", name="Augusta Ada")
        self.key, _ = ApiKey.issue(user=self.ada, name="key of Ada's agents")
        sample_month.live(self.ada, self.key)
        self.receipt = Completion.objects.latest("admitted_at").pk
        self.hook = webhooks.add(self.ada, "https://hook-of-ada.example.org/", list(Webhook.Event.values))
        webhooks.tell(self.ada.pk, Webhook.Event.TOP_UP, "one", {})
        self.delivery = WebhookDelivery.objects.get(webhook=self.hook)
        WebhookDelivery.objects.update(next_at=None)
        self.marks = (
            "hook-of-ada",
            "ada@example.org",
            "Augusta Ada",
            self.key.prefix,
            self.key.name,
            "The answer was cut short",
        )

    @property
    def of_its_own(self) -> dict[str, object]:
        return {"/credits/webhooks/": self.hook.pk, "/credits/deliveries/": self.delivery.pk}

    def filled(self, address: str) -> str:
        """With Ada's own numbers wherever an address takes one."""
        hers = {
            "pk": next((pk for begin, pk in self.of_its_own.items() if address.startswith(begin)), self.key.pk),
            "object_id": self.ada.pk,
            "id": self.ada.pk,
            "name": "gpt-5.2",
            "model_name": "gpt-5.2",
        }
        return PARAMETER.sub(lambda found: str(hers.get(found[1], self.receipt)), address)

    def state(self) -> tuple[object, ...]:
        return (
            list(CreditTransaction.objects.for_user(self.ada).order_by("pk").values_list()),
            list(CreditAccount.objects.filter(pk=self.ada.pk).values_list()),
            list(ApiKey.objects.filter(user=self.ada).order_by("pk").values_list("pk", "revoked_at", "limit_cents")),
            list(User.objects.filter(pk=self.ada.pk).values_list("email", "name", "password", "is_active")),
            SignInLink.objects.filter(user=self.ada).count(),
            list(Webhook.objects.filter(user=self.ada).values_list("removed_at", "secret")),
            list(WebhookDelivery.objects.filter(webhook=self.hook).values_list("attempts", "next_at")),
        )

    def asked_for(self, *, only: str) -> list[tuple[str, str]]:
        found = sorted({self.filled(address) for address in addresses(get_resolver().url_patterns)})
        return [
            (method, address)
            for address in found
            if address.startswith(only) and address not in ENDS_THE_WALK
            for method in (API_METHODS if address.startswith("/v1") else PAGE_METHODS)
        ]

    def seen(self, *, only: str = "/", headers: dict[str, str] | None = None) -> list[str]:
        """What a stranger came to see or do of hers."""
        before, faults = self.state(), []
        with httpx2.Client(base_url=self.server.url, timeout=30, headers=headers or {}) as browser:
            for method, address in self.asked_for(only=only):
                answer = browser.request(method, address, **({} if method == "GET" else {"json": {}}))
                faults += [f"{method} {address}: {mark}" for mark in self.marks if mark in answer.text]
                if answer.status_code >= 500:
                    faults.append(f"{method} {address}: {answer.status_code}")
        return faults if self.state() == before else [*faults, "something of hers was changed"]


@pytest.fixture(scope="module")
def service(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Served]:
    with lasting_service(django_db_blocker) as server:
        yield server


@pytest.fixture
def walk(service: Served, fresh: None) -> Walk:
    return Walk(service)


def session_of(client: Client) -> dict[str, str]:
    """With a token that lets forms through: what refuses them is whose they are."""
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    token = "t" * 32
    return {"cookie": f"{settings.SESSION_COOKIE_NAME}={session}; csrftoken={token}", "x-csrftoken": token}


def test_nobody_sees_or_changes_anything_of_hers(walk: Walk, bob: User, visit: Visit) -> None:
    bobs_key = ApiKey.issue(user=bob, name="Bob's")[1]
    assert walk.seen() == []
    assert walk.seen(headers=session_of(visit(bob))) == []
    assert walk.seen(only="/v1", headers={"authorization": f"Bearer {access_tokens.access_token(bob)}"}) == []
    assert walk.seen(only="/v1", headers={"authorization": f"Bearer {bobs_key}"}) == []


def test_she_herself_sees_it_so_the_walk_can_see(walk: Walk, visit: Visit) -> None:
    browser = httpx2.Client(base_url=walk.server.url, headers=session_of(visit(walk.ada)))
    for address in ("/", "/credits/history", "/credits/history.csv", "/keys", f"/receipts/{walk.receipt}"):
        assert any(mark in browser.get(address).text for mark in walk.marks), address
    bearer = {"authorization": f"Bearer {access_tokens.access_token(walk.ada)}"}
    assert httpx2.get(f"{walk.server.url}/v1/receipts/{walk.receipt}", headers=bearer).status_code == 200


def test_the_socket_opens_to_a_session_only(walk: Walk, bob: User, visit: Visit) -> None:
    address = walk.server.url.replace("http", "ws") + "/credits/live"
    with connect(address, additional_headers=session_of(visit(bob)), origin=walk.server.url):
        pass
    for headers, origin in (({}, walk.server.url), (session_of(visit(bob)), "https://evil.example")):
        with pytest.raises(InvalidStatus, match="403"):
            connect(address, additional_headers=headers, origin=origin)
