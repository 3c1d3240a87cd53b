"""Thought signatures (docs/providers/gemini.md).

Gemini 3 signs its calls and refuses a step of the current turn whose first call comes back unsigned. Most OpenAI
clients drop fields they do not know, so a stand-in that Google documents for calls made elsewhere fills the gap.
"""

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest

# base64 of "skip_thought_signature_validator"
STAND_IN = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")

REFUSED = re.compile(r"thought.?signature", re.I)

Part = dict[str, Any]


def of(extra_content: Mapping[str, Any] | None) -> str | None:
    """What the caller carried back, in Google's own OpenAI convention; what is no base64 would be refused."""
    match extra_content:
        case {"google": {"thought_signature": str(signature)}} if BASE64.fullmatch(signature):
            return signature
    return None


def carried(signature: str) -> dict[str, Any]:
    """The signature on its way to the caller."""
    return {"google": {"thought_signature": signature}}


def sign_first(calls: list[Part]) -> None:
    """Of parallel calls only the first is signed."""
    if calls and "thoughtSignature" not in calls[0]:
        calls[0]["thoughtSignature"] = STAND_IN


def mend(rendered: ProviderRequest, fault: ProviderError) -> bool:
    """Whether it was a missing or foreign signature, and there were others than stand-ins: now there are none."""
    is_about_it = fault.upstream_status == 400 and REFUSED.search(fault.said)
    return bool(is_about_it) and renewed(rendered)


def renewed(rendered: ProviderRequest) -> bool:
    """Whether stand-ins throughout make a difference."""
    before = deepcopy(rendered.body["contents"])
    renew(rendered.body)
    if before == rendered.body["contents"]:
        return False
    rendered.transform("thought_signatures_replaced")
    return True


def renew(body: Mapping[str, Any]) -> None:
    """Stand-ins throughout, where Gemini did not know the signatures: what is sent again is then taken."""
    for turn in body.get("contents", ()):
        calls = [part for part in turn["parts"] if "functionCall" in part]
        for part in turn["parts"]:
            part.pop("thoughtSignature", None)
        sign_first(calls)
