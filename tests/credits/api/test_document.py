import re

from django.contrib.staticfiles import finders
from django.test import Client

from credits.urls import openapi


def test_the_document_covers_accounts_and_credits(client: Client, db: None) -> None:
    paths = client.get("/v1/accounts-and-credits/openapi.json").json()["paths"]
    assert {"/v1/credits/balance", "/v1/credits/history", "/v1/auth/verify", "/v1/auth/me"} <= paths.keys()
    listed = paths["/v1/auth/api-keys"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert listed["$ref"].endswith("/KeysWithUse")


def test_the_page_needs_nobody_elses_assets(client: Client, db: None) -> None:
    page = client.get("/v1/accounts-and-credits/docs").content.decode()
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert assets and all(finders.find(asset.removeprefix("/static/")) for asset in assets)
    assert "/v1/accounts-and-credits/openapi.json" in page


def test_every_operation_documents_its_errors() -> None:
    for path in openapi.content["paths"].values():
        for operation in path.values():
            assert {"405", "500", "503"} <= operation["responses"].keys()


def test_it_is_only_read(client: Client, db: None) -> None:
    answer = client.post("/v1/accounts-and-credits/openapi.json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
