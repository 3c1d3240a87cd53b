"""A provider with several keys: they take turns, and one that is refused rests. Over real connections."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from inference.upstream import client as upstream
from inference.upstream.keys import LIMITED_SECONDS, REFUSED_SECONDS, keys_of
from inference.upstream.providers import PROVIDERS

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@dataclass
class Provider:
    """It answers by the key it is asked with."""

    statuses: dict[str, int]
    asked: list[str] = field(default_factory=list)
    retry_after: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        key = request.headers["authorization"].removeprefix("Bearer ")
        self.asked.append(key)
        status = self.statuses.get(key, 200)
        headers = {"retry-after": self.retry_after} if status == 429 and self.retry_after else {}
        return web.Response(status=status, text=key, headers=headers)


@pytest.fixture
def statuses(settings: Any, run: Run) -> Any:
    """`statuses(provider, 3)`: the statuses of three requests."""
    keys_of.cache_clear()

    def statuses(provider: Provider, requests: int) -> list[int]:
        return run(asked(provider, requests, settings))

    return statuses


async def asked(provider: Provider, requests: int, settings: Any) -> list[int]:
    app = web.Application()
    app.router.add_post("/x", provider.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    settings.PROVIDERS = {"openai": {"base_url": url, "api_key": " ".join(provider.statuses), "sandbox": False}}
    try:
        return [await once() for _ in range(requests)]
    finally:
        await upstream.close()
        await runner.cleanup()


async def once() -> int:
    async with upstream.post(PROVIDERS["openai"], "/x", b"{}", {}, stream=False, account=1) as response:
        await response.read()
        return response.status


def test_keys_take_turns(statuses: Any) -> None:
    provider = Provider({"a": 200, "b": 200, "c": 200})
    assert statuses(provider, 6) == [200] * 6
    assert sorted(provider.asked) == sorted("abcabc")


@pytest.mark.parametrize("refusal", [401, 429])
def test_a_request_that_one_key_was_refused_for_goes_on_with_another(statuses: Any, refusal: int) -> None:
    provider = Provider({"bad": refusal, "good": 200})
    assert statuses(provider, 8) == [200] * 8
    assert provider.asked.count("bad") == 1  # from then on it rests


def test_where_all_are_refused_each_was_tried_once_and_the_refusal_is_the_answer(statuses: Any) -> None:
    provider = Provider({"a": 401, "b": 429, "c": 401})
    assert statuses(provider, 1)[0] in (401, 429)
    assert sorted(provider.asked) == ["a", "b", "c"]


def test_a_single_key_is_always_asked(statuses: Any) -> None:
    provider = Provider({"only": 401})
    assert statuses(provider, 3) == [401, 401, 401]
    assert keys_of("openai", "only").resting == 0


@pytest.mark.parametrize("other", [400, 403, 500, 503])
def test_what_is_not_about_the_key_is_not_tried_with_another(statuses: Any, other: int) -> None:
    provider = Provider({"a": other, "b": other})
    assert statuses(provider, 1) == [other]
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [(401, "1", REFUSED_SECONDS), (429, "", LIMITED_SECONDS), (429, "7", 7.0), (429, "99999", REFUSED_SECONDS)],
)
def test_a_key_rests_as_long_as_the_provider_says_within_bounds(
    monkeypatch: pytest.MonkeyPatch, status: int, retry_after: str, seconds: float
) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 1000.0)
    keys = keys_of.__wrapped__("openai", "a, b")
    assert keys.is_refused("a", status, {"retry-after": retry_after} if retry_after else {})
    assert keys.awake_at == {"a": 1000.0 + seconds, "b": 0.0}
    assert {keys.next() for _ in range(4)} == {"b"}


def test_the_log_names_a_key_by_its_place(caplog: pytest.LogCaptureFixture) -> None:
    keys_of.__wrapped__("openai", "sk-first sk-second").is_refused("sk-second", 401, {})
    assert "key 2 of 2" in caplog.text
    assert "sk-" not in caplog.text
