import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client
from django.utils.timezone import now
from playwright.sync_api import Browser, ConsoleMessage, Page, expect
from pytest_django import DjangoDbBlocker

from accounts.models import SignInLink, User
from credits import ledger
from tests.browser.chromium import MISSING, PATH, chromium
from tests.lasting_service import fresh as fresh
from tests.lasting_service import lasting_service
from tests.served import Served

HOST = "127.0.0.1"  # of every server that `served` starts
REDIS_SECONDS = 10


@pytest.fixture(scope="package")
def service(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Served]:
    """The whole service before its sandbox, for every test of this folder."""
    with lasting_service(django_db_blocker) as server:
        yield server


@pytest.fixture
def site(service: Served, fresh: None, sam: User) -> Served:
    """And sam, who is staff."""
    give_password(sam, "sam's password")
    return service


@pytest.fixture
def redis(tmp_path: Path, unused_tcp_port: int) -> Iterator[str]:
    if not (program := shutil.which("redis-server")):
        pytest.skip("there is no redis-server on this machine")
    process = subprocess.Popen(
        [program, "--port", str(unused_tcp_port), "--save", "", "--dir", str(tmp_path)], stdout=subprocess.DEVNULL
    )
    yield f"redis://127.0.0.1:{unused_tcp_port}/0"
    process.terminate()
    process.wait(REDIS_SECONDS)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """For every test of this folder, each in a context of its own."""
    if not PATH:
        pytest.skip(MISSING)
    with pytest.MonkeyPatch.context() as patch, chromium() as opened:
        # Playwright's synchronous interface keeps a loop running in this thread, in which Django would refuse to work.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield opened


@pytest.fixture
def tab(browser: Browser, transactional_db: None) -> Iterator[Callable[[Served], Page]]:
    """A browser of one's own; what a page complains of in its console fails the test."""
    complaints: list[str] = []

    def tab(site: Served, **options: Any) -> Page:
        context = browser.new_context(base_url=site.url, **options)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.extend([message.text] * complains(message)))
        return page

    yield tab
    for context in browser.contexts:
        context.close()
    assert complaints == []


def complains(message: ConsoleMessage) -> bool:
    """A connection that fails is the page's own business, and what a test is about."""
    return message.type == "error" and "WebSocket" not in message.text


def sign_in(page: Page, user: User) -> None:
    _, secret = SignInLink.issue(user, now())
    page.goto(f"/sign-in/link/{secret}")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def confirm(page: Page, password: str) -> None:
    """Before a key is made: a link signed them in who have a password."""
    page.get_by_role("link", name="Confirm and create a key").click()
    page.get_by_label("Your password").fill(password)
    page.get_by_role("button", name="Confirm").click()


def return_as(page: Page, user: User) -> None:
    """With the session of a link that was opened elsewhere: for what is not about signing in. No page is opened yet."""
    client = Client()
    client.post(f"/sign-in/link/{SignInLink.issue(user, now())[1]}")
    kept = client.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": kept.key, "value": kept.value, "domain": HOST, "path": "/"}])


def newcomer(page: Page, cents: int = 0) -> User:
    """Ada at her overview, for what is not about signing up; whoever topped her up did so before."""
    ada = User.objects.create_user("ada@example.org", "ada's password")
    if cents:
        ledger.top_up(user=ada, cents=cents, reference="ada-begins", reason="To begin with", by=None)
    return_as(page, ada)
    page.goto("/")
    return ada


def give_password(user: User, password: str) -> User:
    """Hashed as the served process reads it: the quick hash of these tests is none of its own."""
    user.password = PBKDF2PasswordHasher().encode(password, "salt", iterations=1000)
    user.save(update_fields=["password"])
    return user
