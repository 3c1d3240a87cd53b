import re

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from inference.catalog.pricing import charged_cents
from inference.pages.docs import PAGES

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(client: Client, name: str) -> None:
    said = client.get(f"/docs/{name}").content.decode()
    for path in set(re.findall(r'href="(/[^"#?]*)', said)) - {"/static/"}:
        if not path.startswith("/static/"):
            try:
                resolve(path)
            except Resolver404:
                pytest.fail(f"{name} links to {path}")


def test_examples_name_this_server(client: Client) -> None:
    said = client.get("/docs/quickstart").content.decode()
    assert "http://testserver/v1/chat/completions" in said and "conway.example" not in said


def test_the_billing_page_calculates_as_we_do(client: Client) -> None:
    from decimal import Decimal

    assert "exactly 143 cents" in client.get("/docs/billing").content.decode()
    assert charged_cents(44_000 * Decimal(25) / 1_000_000) == 143


def test_each_status_of_an_error_has_one_row(client: Client) -> None:
    table = client.get("/docs/errors").content.decode().partition("</table>")[0]
    statuses = re.findall(r"<tr>\s*<td>(\d+)</td>", table)
    assert len(statuses) > 10 and statuses == sorted(set(statuses))


def test_there_is_no_other_page(client: Client) -> None:
    assert client.get("/docs/settings").status_code == 404
