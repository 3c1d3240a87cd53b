"""The Claude models served, and what each takes."""

from dataclasses import dataclass
from typing import Any

from ..refusals import Refused


@dataclass(frozen=True)
class Model:
    served: str
    context: int
    output_max: int
    cache_min: int
    efforts: tuple[str, ...] = ()
    prefill: bool = True
    thinking: tuple[str, ...] = ("enabled", "disabled")  # the types taken
    thinks_unasked: bool = False
    shows_unasked: bool = True  # else thoughts come empty, unless `display` asks for them
    sampling: bool = True
    forced_tools: bool = True
    system_in_messages: bool = False


MANUAL = ("enabled", "disabled")
ALL_EFFORTS = ("low", "medium", "high", "xhigh", "max")
FIFTH: dict[str, Any] = {
    "context": 1_000_000, "output_max": 128_000, "cache_min": 512, "efforts": ALL_EFFORTS, "prefill": False,
    "thinks_unasked": True, "shows_unasked": False, "sampling": False, "system_in_messages": True,
}  # fmt: skip
OPUS_5_5 = Model("claude-opus-5-5", thinking=("adaptive",), forced_tools=False, **FIFTH)
SONNET_5_5 = Model("claude-sonnet-5-5", thinking=("adaptive", "between_tools"), forced_tools=False, **FIFTH)
HAIKU_5_5 = Model("claude-haiku-5-5", thinking=("adaptive", "disabled"), **FIFTH)
ASKED: dict[str, Any] = FIFTH | {"thinks_unasked": False, "thinking": ("adaptive", "disabled")}
OPUS_4_8 = Model("claude-opus-4-8", **(ASKED | {"cache_min": 1_024}))
OPUS_4_7 = Model("claude-opus-4-7", **(ASKED | {"cache_min": 2_048, "system_in_messages": False}))
OPUS_4_6 = Model(
    "claude-opus-4-6", 1_000_000, 128_000, 4096, ("low", "medium", "high", "max"), False, ("adaptive", *MANUAL)
)
SONNET_4_6 = Model(
    "claude-sonnet-4-6", 1_000_000, 128_000, 1024, ("low", "medium", "high", "max"), False, ("adaptive", *MANUAL)
)
OPUS_4_5 = Model("claude-opus-4-5-20251101", 200_000, 64_000, 4096, ("low", "medium", "high"))
SONNET_4_5 = Model("claude-sonnet-4-5-20250929", 200_000, 64_000, 1024)
HAIKU_4_5 = Model("claude-haiku-4-5-20251001", 200_000, 64_000, 4096)
ALIASES = {"claude-opus-4-5": OPUS_4_5, "claude-sonnet-4-5": SONNET_4_5, "claude-haiku-4-5": HAIKU_4_5}
SERVED = (OPUS_5_5, SONNET_5_5, HAIKU_5_5, OPUS_4_8, OPUS_4_7, OPUS_4_6, SONNET_4_6, OPUS_4_5, SONNET_4_5, HAIKU_4_5)
MODELS = {model.served: model for model in SERVED} | ALIASES


def known(name: str) -> Model:
    if name not in MODELS:
        raise Refused(404, "not_found_error", f"model: {name}")
    return MODELS[name]


def bad(message: str) -> Refused:
    return Refused(400, "invalid_request_error", message)
