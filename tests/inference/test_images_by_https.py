"""An https image for a model whose provider fetches none: where it may not be fetched, nobody pays."""

from typing import Any

from inference.models import Completion
from tests.inference.conftest import Ask, Sandbox

PRIVATE = [{"type": "image_url", "image_url": {"url": "https://127.0.0.1/a.png"}}]


def test_an_image_on_our_own_network_is_refused_and_costs_nothing(ask: Ask, sandbox: Sandbox) -> None:
    answer = ask("kimi-k2.5", messages=[{"role": "user", "content": PRIVATE}])
    assert (answer.status, answer.error["code"], answer.error["param"]) == (400, "invalid_image_url", "messages")
    assert "no public address" in answer.error["message"]
    assert sandbox.meter() == []
    assert [row.charged_cents for row in Completion.objects.all()] in ([], [0])


def test_a_stream_is_refused_before_it_begins(ask: Ask) -> None:
    answer = ask("kimi-k2.5", messages=[{"role": "user", "content": PRIVATE}], stream=True)
    assert answer.status == 400 and answer.error["code"] == "invalid_image_url"


def test_a_setting_turns_it_off(ask: Ask, settings: Any) -> None:
    settings.CONWAY_FETCH_IMAGES = False
    answer = ask("kimi-k2.5", messages=[{"role": "user", "content": PRIVATE}])
    assert (answer.status, answer.error["code"]) == (400, "unsupported_image_url")
    assert not Completion.objects.exists()


def test_more_images_than_we_fetch_are_refused_before_anything_is_held(ask: Ask) -> None:
    answer = ask("kimi-k2.5", messages=[{"role": "user", "content": PRIVATE * 9}])
    assert answer.status == 400 and "at most 8" in answer.error["message"]
    assert not Completion.objects.exists()
