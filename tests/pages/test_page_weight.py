"""Every page the URL resolver has, as a browser with an empty cache loads it: at most 60 kB."""

import gzip
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import get_resolver

from accounts.models import ApiKey, User
from tests.addresses import PARAMETER, addresses
from tests.pages.conftest import Visit

MOST_BYTES = 60_000
ENDS_THE_WALK = ("/admin/logout/", "/sign-out")
PARTS = re.compile(
    r'<(?:link[^>]*rel="(?:stylesheet|icon)"[^>]*href|(?:script|img)[^>]*src)="([^"]+)"|href="([^"]+\.css)"'
)
MODELS = {(model._meta.app_label, model._meta.model_name) for model in apps.get_models()}
LEAST_PAGES = {"customer": 25, "staff": 40}


@cache
def small(content: bytes) -> int:
    return len(gzip.compress(content))


@cache
def static_bytes(path: str) -> int:
    name = re.sub(r"\.[0-9a-f]{12}(?=\.\w+$)", "", path.removeprefix("/static/"))
    found = finders.find(name)
    return small(Path(str(found)).read_bytes()) if found else 0


def parts(page: str) -> set[str]:
    return {address for match in PARTS.findall(page) for address in match if address}


def a_row_of(address: str) -> Any:
    """The admin's addresses begin with the app and the model."""
    _, _, app, model, *_ = [*address.split("/"), "", "", ""]
    row = apps.get_model(app, model)._default_manager.first() if (app, model) in MODELS else None
    return row.pk if row else 0


def weighed(browser: Client, filled: dict[str, Any], who: str) -> Iterator[tuple[str, int]]:
    for address in sorted(set(addresses(get_resolver().url_patterns))):
        is_for = "staff" if address.startswith("/admin/") else "customer"
        if is_for != who or address in ENDS_THE_WALK or address.startswith("/v1"):
            continue
        known = {**filled, "object_id": a_row_of(address)}
        path = PARAMETER.sub(lambda found, known=known: str(known.get(found[1], filled["else"])), address)
        answer: Any = browser.get(path)
        if answer.status_code != 200 or not answer.headers["content-type"].startswith("text/html"):
            continue
        page = answer.content.decode()
        others = sum(
            static_bytes(part) if part.startswith("/static/") else small(browser.get(part).content)
            for part in parts(page)
        )
        yield path, small(answer.content) + others


def heavy(browser: Client, filled: dict[str, Any], who: str) -> dict[str, int]:
    found = dict(weighed(browser, filled, who))
    assert len(found) >= LEAST_PAGES[who], sorted(found)
    return {path: size for path, size in found.items() if size > MOST_BYTES}


def test_no_page_of_a_customer_is_heavy(ada: User, visit: Visit, receipt: str) -> None:
    key = ApiKey.objects.get(user=ada)
    filled = {"pk": key.pk, "name": "billing", "else": receipt, "year": "2026", "month": "11"}
    assert heavy(visit(ada), filled, "customer") == {}


def test_no_page_of_staff_is_heavy(ada: User, sam: User, visit: Visit, receipt: str) -> None:
    names = {"user_id": ada.pk, "pk": 1, "app_label": "credits", "name": "gpt-5.2"}
    assert heavy(visit(sam), {**names, "else": receipt}, "staff") == {}
