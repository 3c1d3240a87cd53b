"""`check --deploy` as an operator runs it, in a process of its own; and what it is about."""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as outbox
from django.test import Client

from accounts import mail
from accounts.models import User

GOOD = {
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!?",
    "ALLOWED_HOSTS": "inference.example.com",
    "HTTPS_ONLY": "1",
    "BEHIND_TLS_PROXY": "1",
    "EMAIL_HOST": "mail.example.com",
    "EMAIL_USE_SSL": "1",
    "OPENAI_API_KEY": "k",
    "CONWAY_STAFF_SECOND_FACTOR": "1",
}
FORM = {"email": "a@example.org", "password1": "a long phrase", "password2": "a long phrase"}
CONSOLE = "django.core.mail.backends.console.EmailBackend"


@pytest.fixture
def check(tmp_path: Path) -> Any:
    def check(**environment: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
        merged = {**os.environ, "CONWAY_DATA_DIR": str(tmp_path), **GOOD, **environment}
        return subprocess.run(command, env=merged, capture_output=True, text=True)

    return check


def test_it_is_clean_when_all_is_set(check: Any) -> None:
    said = check()
    assert said.returncode == 0, said.stderr


# What is wrong, and what is said of it; nothing else is said where only this is wrong. All that can be wrong together
# is looked at by one process.
WRONG = [
    (
        {
            "EMAIL_HOST": "",
            "CONWAY_WORKERS": "2",
            "ALLOWED_HOSTS": "",
            "CONWAY_TRUSTED_PROXIES": "10.0.0.0/8 nonsense",
            "HTTPS_ONLY": "0",
            "CONWAY_STAFF_SECOND_FACTOR": "0",
        },
        {"conway.E009", "conway.E012", "conway.E013", "conway.E007", "conway.W005", "security.W004", "security.W008"},
    ),
    ({"EMAIL_HOST": "", "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend"}, {"conway.E009"}),
    ({"EMAIL_BACKEND": CONSOLE}, {"conway.E010"}),
    ({"SECRET_KEY": "", "DATABASE_URL": "postgresql://a@127.0.0.1:9/b"}, {"conway.E011", "conway.W004"}),
]


@pytest.mark.parametrize(("environment", "ids"), WRONG, ids=lambda value: " ".join(sorted(value)))
def test_it_says_what_is_missing(check: Any, environment: dict[str, str], ids: set[str]) -> None:
    said = check(**environment)
    assert said.returncode == 1 and "Traceback" not in said.stderr, said.stderr
    assert set(re.findall(r"\((\w+\.[EW]\d+)\)", said.stderr)) == ids, said.stderr


def test_it_says_which_setting_cannot_be_read(check: Any) -> None:
    wrong = ("CONWAY_PASSWORD_HASHES", "CONWAY_STAFF_IDLE_MINUTES")
    said = check(**dict.fromkeys(wrong, "0"))
    assert said.returncode == 1
    assert set(said.stderr.splitlines()) == {f"{name} must be more than 0, not '0'." for name in wrong}


def test_https_alone_is_spoken_where_that_is_set(settings: Any, client: Client, db: None) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 31536000
    assert client.get("/models")["location"] == "https://testserver/models"
    assert client.get("/models", secure=True)["strict-transport-security"] == "max-age=31536000"


def test_cookies_of_https_belong_to_this_host_alone() -> None:
    from tests.conway.test_settings import run

    assert run("SESSION_COOKIE_NAME", HTTPS_ONLY="1").stdout == '"__Host-sessionid"\n'
    assert run("CSRF_COOKIE_NAME", HTTPS_ONLY="1").stdout == '"__Host-csrftoken"\n'
    assert run("SESSION_COOKIE_SECURE", HTTPS_ONLY="1").stdout == "true\n"
    assert run("SESSION_COOKIE_NAME").stdout == '"sessionid"\n'


@pytest.mark.parametrize("page", ["/", "/account", "/account/sessions", "/credits/history", "/credits/history.csv"])
def test_signed_in_pages_are_kept_by_nobody(db: None, page: str) -> None:
    client = Client()
    client.force_login(User.objects.create_user("a@example.org"), backend="django.contrib.auth.backends.ModelBackend")
    kept = client.get(page).headers["cache-control"]
    assert "private" in kept and "no-store" in kept


# Links


def test_outside_the_sandbox_no_link_is_printed(settings: Any, db: None, capsys: Any, caplog: Any) -> None:
    settings.EMAIL_BACKEND = settings.EMAIL_DELIVERED_BY = CONSOLE
    settings.CONWAY_SANDBOX = False
    with caplog.at_level(logging.DEBUG):
        Client().post("/sign-up", FORM)
    said = "".join(capsys.readouterr()) + caplog.text
    assert "/prove/" not in said and "was not sent" in said and outbox.outbox == []


def test_in_the_sandbox_it_is(settings: Any, db: None, capsys: Any) -> None:
    settings.EMAIL_BACKEND, settings.CONWAY_SANDBOX = CONSOLE, True
    Client().post("/sign-up", FORM)
    assert "/prove/" in capsys.readouterr().out


def test_without_a_mail_host_a_mail_is_not_sent_and_its_text_not_logged(settings: Any, db: None, caplog: Any) -> None:
    settings.EMAIL_BACKEND = "accounts.mail.Nowhere"
    mail.send("a@example.org", "prove", {"address": "a@example.org", "url": "https://x/prove/secret"})
    assert "were not sent" in caplog.text and "secret" not in caplog.text


def test_a_mail_host_that_fails_changes_no_answer(settings: Any, db: None, unused_tcp_port: int) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", unused_tcp_port
    answer = Client().post("/sign-up", FORM)
    assert answer.status_code == 302
