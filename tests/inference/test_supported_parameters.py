"""What `GET /v1/models` says that a model takes is what its provider receives."""

from typing import Any

import pytest

from inference.api import supported_parameters
from inference.api.supported_parameters import PROBES
from inference.catalog import current_sync
from inference.catalog.snapshot import Listing
from inference.chat.invalid_request import InvalidRequest

# A parameter that needs others beside it → the request without it.
WITHOUT: dict[str, dict[str, Any]] = {
    "top_logprobs": {"logprobs": True},
    "tool_choice": {"tools": PROBES["tools"]["tools"]},
    "parallel_tool_calls": {"tools": PROBES["tools"]["tools"]},
}
# Honoured without a word to the provider: of several calls Gemini makes we pass on the first.
HONOURED = {("gemini", "parallel_tool_calls")}
TOLD = {"json_schema_as_instruction"}  # in words, which hold the reply to nothing


@pytest.fixture
def listed(prices: None) -> list[Listing]:
    return list(current_sync().listings.values())


def reaches(listing: Listing, name: str) -> bool:
    """Whether the body that is sent differs from one without it."""
    try:
        without = supported_parameters.rendered_with(listing, WITHOUT.get(name, {}))
        sent = supported_parameters.rendered_with(listing, PROBES[name])
    except InvalidRequest:
        return False
    return sent.body != without.body and TOLD.isdisjoint(sent.transforms)


def test_a_model_lists_what_reaches_its_provider_and_nothing_else(listed: list[Listing]) -> None:
    wrong = [
        (listing.name, name)
        for listing in listed
        for name in PROBES
        if (listing.provider.name, name) not in HONOURED
        and (name in supported_parameters.supported(listing)) != reaches(listing, name)
    ]
    assert len(listed) > 30 and wrong == []


@pytest.mark.parametrize(
    ("model", "takes", "leaves"),
    [
        ("claude-haiku-5.5", {"tools", "reasoning", "stop"}, {"temperature", "seed", "logprobs"}),
        ("gpt-6.1-sol", {"tools", "verbosity"}, {"temperature", "stop", "seed"}),
        ("gpt-5-mini", {"seed", "max_completion_tokens"}, {"temperature", "stop", "logit_bias"}),
        ("gemini-2.5-pro", {"temperature", "seed"}, {"frequency_penalty", "logit_bias"}),
        ("qwen3-coder", {"temperature", "seed"}, {"structured_outputs", "reasoning", "frequency_penalty"}),
        ("kimi-k2.6", {"stop", "reasoning"}, {"temperature", "parallel_tool_calls", "seed"}),
    ],
)
def test_some_that_are_known_from_the_providers_documents(
    prices: None, model: str, takes: set[str], leaves: set[str]
) -> None:
    found = current_sync().find(model)
    assert found is not None
    said = set(supported_parameters.supported(found))
    assert takes <= said and not leaves & said
