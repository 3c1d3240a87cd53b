"""schemathesis against what drf-spectacular says of accounts: no 500, and every answer as documented."""

from typing import Any

import pytest
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from accounts import access_tokens
from accounts.models import User
from accounts.urls import api_urlpatterns

document = SchemaGenerator(patterns=api_urlpatterns).get_schema(public=True)
schema = schemathesis.openapi.from_dict(document)

# A date that has passed, a period without a limit, a message nobody signed: well formed, and rightly refused.
REFUSED_THOUGH_WELL_FORMED = [positive_data_acceptance]

few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@schema.parametrize()
@few
def test_it_answers_as_documented(case: Any, live_server: Any, transactional_db: None) -> None:
    user, _ = User.objects.get_or_create(email="alice@example.org")
    header = {"Authorization": f"Bearer {access_tokens.pair(user)['access_token']}"}
    case.call_and_validate(base_url=live_server.url, headers=header, excluded_checks=REFUSED_THOUGH_WELL_FORMED)


@schema.parametrize()
@few
def test_it_answers_a_stranger_as_documented(case: Any, live_server: Any, transactional_db: None) -> None:
    case.call_and_validate(base_url=live_server.url, excluded_checks=REFUSED_THOUGH_WELL_FORMED)


@pytest.mark.parametrize("path", document["paths"])
def test_every_operation_documents_its_errors(path: str) -> None:
    for operation in document["paths"][path].values():
        assert {"405", "500", "503"} <= operation["responses"].keys()
