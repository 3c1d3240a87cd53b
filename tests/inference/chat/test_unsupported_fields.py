from typing import Any

import pytest

from inference.chat.invalid_request import InvalidRequest
from inference.chat.provider_request import ProviderRequest
from inference.chat.traits import Traits
from inference.chat.unsupported_fields import NEUTRAL, drop_unsupported, printable

from .test_request import read

TRAITS = Traits(
    1000, 100, ignores=frozenset({"seed", "logit_bias", "store"}), rejects=frozenset({"n", "logprobs", "audio"})
)


def sifted(**fields: Any) -> ProviderRequest:
    return drop_unsupported(read(**fields), TRAITS)


def test_ignored_fields_are_named_once() -> None:
    rendered = sifted(seed=1, store=True)
    rendered.ignore("seed")
    assert rendered.ignored == ["seed", "store"] and rendered.body == {}


def test_values_that_ask_for_nothing_are_not_named() -> None:
    assert sifted(**NEUTRAL).ignored == []


@pytest.mark.parametrize("fields", [{"n": 2}, {"logprobs": True}, {"audio": {}}])
def test_rejected_fields_say_so(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        sifted(**fields)
    assert (refused.value.code, refused.value.param) == ("unsupported_parameter", *fields)


def test_unknown_fields_are_named_as_a_header_can_hold_them() -> None:
    assert sifted(**{"x-y.z_1": 1, "a\r\nset-cookie: b": 1, "ü": 1, "long" * 30: 1}).ignored == [
        "x-y.z_1",
        "aset-cookieb",
        "?",
        ("long" * 30)[:64],
    ]
    assert printable("mcp_servers") == "mcp_servers"


@pytest.mark.parametrize("fields", [{"modalities": ["audio"]}, {"modalities": []}, {"service_tier": "priority"}])
def test_only_text_at_the_default_tier(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        sifted(**fields)
    assert refused.value.code == "unsupported_value"


def test_text_and_the_default_tier_need_no_mention() -> None:
    assert sifted(modalities=["text"], service_tier="auto").ignored == []
