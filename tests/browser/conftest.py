import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from accounts.models import SignInLink, User
from inference import catalog
from tests import lasting_catalogue
from tests.browser.chromium import MISSING, PATH, chromium
from tests.served import Served, served

REDIS_SECONDS = 10


@pytest.fixture
def site(transactional_db: None, sam: User) -> Iterator[Served]:
    """The whole service before its sandbox, and sam, who is staff."""
    lasting_catalogue.load()
    catalog.forget()
    give_password(sam, "sam's password")
    with served(CONWAY_SANDBOX="1", CONWAY_DRAIN_SECONDS="2", LOG_LEVEL="ERROR") as server:
        yield server


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


@pytest.fixture
def browser(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    if not PATH:
        pytest.skip(MISSING)
    # Playwright's synchronous interface keeps a loop running in this thread, in which Django would refuse to work.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with chromium() as opened:
        yield opened


@pytest.fixture
def tab(browser: Browser) -> Iterator[Callable[[Served], Page]]:
    """A browser of one's own; what a page complains of in its console fails the test."""
    complaints: list[str] = []

    def tab(site: Served, **options: Any) -> Page:
        context = browser.new_context(base_url=site.url, **options)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complains(message) and complaints.append(message.text))
        return page

    yield tab
    assert complaints == []


def complains(message: ConsoleMessage) -> bool:
    """A connection that fails is the page's own business, and what a test is about."""
    return message.type == "error" and "WebSocket" not in message.text


def sign_in(page: Page, user: User) -> None:
    _, secret = SignInLink.issue(user)
    page.goto(f"/sign-in/link/{secret}")
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def give_password(user: User, password: str) -> User:
    """Hashed as the served process reads it: the quick hash of these tests is none of its own."""
    user.password = PBKDF2PasswordHasher().encode(password, "salt", iterations=1000)
    user.save(update_fields=["password"])
    return user
