"""Every recorded answer, through a running gateway, read by the official SDK, streamed and not.

What a dialect makes of a recording is checked in tests/inference/dialects, against readers that share nothing with it;
here, that all of it arrives: text, reasoning, calls, finish reason, usage, and of a failure the status.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from accounts.models import ApiKey, User
from credits import audit as books
from credits import ledger
from inference import catalog
from inference.catalog.snapshot import Listing
from inference.chat.provider_request import Target
from inference.chat.request import ChatRequest
from inference.reporting import audit
from tests import lasting_catalogue
from tests.corpus.replayer import CORPUS, MODELS, case, names, replaying
from tests.corpus.sdk_view import Said, asked_json, asked_stream, recorded
from tests.served import served

pytestmark = [
    pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of recorded traffic is not beside this repository"),
    pytest.mark.django_db(transaction=True),
]

SETTINGS = ("OPENAI", "ANTHROPIC", "GEMINI", "MOONSHOT", "DASHSCOPE")

# Recorded cases that do not come out as they went in, each with its reason.
REASONS: dict[str, str] = {}


@pytest.fixture
def client(alice: User) -> Iterator[openai.OpenAI]:
    lasting_catalogue.load()
    ledger.top_up(user=alice, cents=100_000, reference="replay", reason="A thousand recorded answers", by=None)
    key = ApiKey.issue(user=alice, name="replay")[1]
    with replaying() as upstream:
        environment = {
            f"{name}_{what}": value for name in SETTINGS for what, value in (("BASE_URL", upstream), ("API_KEY", "key"))
        }
        with served(**environment) as gateway:
            yield openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=key, max_retries=0, timeout=60)
    assert list(books.faults()) + list(audit.faults()) == []


def expectation(name: str, model: Listing, *, stream: bool) -> Said:
    request = ChatRequest.read(
        json.dumps({"model": model.name, "messages": [{"role": "user", "content": "hi"}], "stream": stream}).encode()
    )
    rendered = model.dialect.render(request, Target(model.upstream_id, model.traits, str))
    return recorded(model.dialect, rendered, case(name))


def differences(name: str, model: Listing, asked: Callable[..., Said], client: openai.OpenAI) -> list[str]:
    expected = expectation(name, model, stream=asked is asked_stream)
    said = asked(client, model.name, f"case<{name}>")
    if expected.status != 200:
        broke_off = asked is asked_stream and said.status == 0 and "sse" in case(name)
        return [] if said.status == expected.status or broke_off else [f"status {said.status}, not {expected.status}"]
    fields = [field for field in vars(expected) if field != "usage" or expected.usage is not None]
    return [
        f"{field}: {getattr(said, field)!r}, not {getattr(expected, field)!r}"
        for field in fields
        if getattr(said, field) != getattr(expected, field)
    ]


def test_the_sdk_reads_what_was_recorded(client: openai.OpenAI) -> None:
    listings = catalog.current_sync().listings
    for folder, model in MODELS.items():
        for asked in (asked_json, asked_stream):
            check(names(folder), listings[model], asked, client)


def check(cases: list[str], model: Listing, asked: Callable[..., Said], client: openai.OpenAI) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(cases, pool.map(lambda name: differences(name, model, asked, client), cases), strict=True))
    wrong = {name: what for name, what in found.items() if what and name not in REASONS}
    assert not wrong, asked.__name__ + json.dumps(wrong, indent=1, ensure_ascii=False)[:20_000]
    recorded_cases = [name for name in cases if case(name)["recorded"]]
    assert sum(bool(found[name]) for name in recorded_cases) <= 0.02 * len(recorded_cases)
