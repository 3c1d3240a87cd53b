"""schemathesis against both OpenAPI documents, on a running server: no 500, and every answer as documented."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.contrib.staticfiles import finders
from django.test import AsyncClient
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from accounts import access_tokens
from accounts.models import User
from credits import audit, ledger
from credits.models import Hold
from credits.urls import openapi as accounts_and_credits
from inference.api.operations import api
from inference.reporting import audit as charges
from tests import lasting_catalogue
from tests.cleaning import empty_touched_tables
from tests.served import served

document = json.loads(json.dumps(api.get_openapi_schema()))
inference = schemathesis.openapi.from_dict(document)
credits = schemathesis.openapi.from_dict(accounts_and_credits.content)

# Well formed and rightly refused: a model nobody has, a tool call without its tool, a date that has passed.
REFUSED_THOUGH_WELL_FORMED = [positive_data_acceptance]
# Documented as OpenAI has them, and read as clients write them: a limit of 0 is none, a tool without a type a function.
READ_LENIENTLY = ("/v1/chat/completions", "/v1/estimate", "/v1/responses", "/v1/messages")
few = settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), database=None)


class Target:
    """One server for the whole file, and Alice's way in."""

    def __init__(self, url: str, user: User) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {access_tokens.pair(user)['access_token']}"}

    def check(self, case: Any, **headers: str) -> Any:
        is_lenient = case.operation.path.startswith(READ_LENIENTLY)
        excluded = [*REFUSED_THOUGH_WELL_FORMED, *([negative_data_rejection] if is_lenient else [])]
        return case.call_and_validate(base_url=self.url, headers={**self.headers, **headers}, excluded_checks=excluded)


@pytest.fixture(scope="module")
def target(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Target]:
    with django_db_blocker.unblock():
        user = User.objects.create_user(email="alice@example.org")
        ledger.top_up(user=user, cents=100_000, reference="alice-begins", reason="Her first money", by=None)
        lasting_catalogue.load()
        with served(CONWAY_SANDBOX="1") as server:
            yield Target(server.url, user)
        left = list(Hold.objects.all()), list(audit.faults()), list(charges.faults())
        empty_touched_tables()
    assert left == ([], [], [])


@inference.parametrize()
@few
def test_inference_answers_as_documented(case: Any, target: Target) -> None:
    target.check(case)


@credits.parametrize()
@few
def test_accounts_and_credits_answer_as_documented(case: Any, target: Target) -> None:
    target.check(case)


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("model", ["gpt-5-mini", "gpt-5.2-codex", "claude-haiku-4.5", "gemini-3-flash", "kimi-k2.5"])
def test_a_completion_and_its_receipt_are_as_documented(target: Target, model: str, is_stream: bool) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "use the tool"}], "tools": [TOOL]}
    asked = inference["/v1/chat/completions"]["POST"].Case(body={**body, "stream": is_stream}, media_type=JSON)
    said = target.check(asked)
    assert said.status_code == 200
    number = re.search(r"chatcmpl-\w+", said.text)
    assert number
    receipt = target.check(
        inference["/v1/receipts/{receipt_id}"]["GET"].Case(path_parameters={"receipt_id": number[0]})
    )
    assert receipt.json()["state"] == "settled"


JSON = "application/json"
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}


@pytest.mark.parametrize("path", ["/v1/models/gpt-5.2", "/v1/models", "/v1/credits/pricing"])
def test_what_is_offered_is_as_documented(target: Target, path: str) -> None:
    known, parameters = ("/v1/models/{name}", {"name": "gpt-5.2"}) if path.endswith("2") else (path, {})
    assert target.check(inference[known]["GET"].Case(path_parameters=parameters)).status_code == 200


@pytest.mark.parametrize("path", document["paths"])
def test_every_operation_documents_its_errors_and_its_purpose(path: str) -> None:
    for operation in document["paths"][path].values():
        assert {"405", "500", "503"} <= operation["responses"].keys()
        assert operation["summary"]


def test_the_request_is_described_field_by_field() -> None:
    content = document["paths"]["/v1/chat/completions"]["post"]["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/CreateCompletion"}
    fields = document["components"]["schemas"]["CreateCompletion"]["properties"]
    assert {"model", "messages", "stream", "tools", "response_format", "reasoning_effort"} <= fields.keys()
    assert "legacy" not in fields


def test_every_reference_leads_somewhere() -> None:
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert references <= document["components"]["schemas"].keys()


def test_the_page_needs_nobody_elses_assets(run: Any, transactional_db: None) -> None:
    page = run(AsyncClient().get("/v1/docs")).content.decode()
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert assets and all(finders.find(asset.removeprefix("/static/")) for asset in assets)
