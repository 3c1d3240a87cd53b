import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts import access_tokens
from accounts.models import User
from inference.models import ChatModel

pytestmark = pytest.mark.usefixtures("offered")


def test_its_token_is_the_users_own_and_lives_minutes(hers: Client, alice: User) -> None:
    answer = hers.post("/playground/token")
    claims = access_tokens.verify(answer.json()["token"])
    assert claims.user_id == alice.pk and claims.expires_at - datetime.now(UTC) <= timedelta(minutes=5)
    assert "no-store" in answer.headers["cache-control"]


def test_no_link_makes_a_token(hers: Client, client: Client) -> None:
    assert hers.get("/playground/token").status_code == 405
    assert client.post("/playground/token").headers["location"].startswith("/sign-in")


def test_it_offers_what_can_answer_here(hers: Client, settings: object) -> None:
    assert re.findall(r'<option value="([^"]+)"', hers.get("/playground").content.decode()) == []
    settings.PROVIDERS = {
        name: {**row, "api_key": "k" if name == "qwen" else None} for name, row in settings.PROVIDERS.items()
    }  # type: ignore[attr-defined]
    said = hers.get("/playground").content.decode()
    answering = set(ChatModel.objects.filter(provider="qwen", is_on=True).values_list("name", flat=True))
    assert "qwen3-coder" in answering and set(re.findall(r'<option value="([^"]+)"', said)) == answering
