"""The Claude models served, and what each takes."""

from dataclasses import dataclass

from ..refusals import Refused


@dataclass(frozen=True)
class Model:
    served: str
    context: int
    output_max: int
    cache_min: int
    efforts: tuple[str, ...] = ()
    adaptive: bool = False
    prefill: bool = True


OPUS_4_6 = Model(
    "claude-opus-4-6", 1_000_000, 128_000, 4096, ("low", "medium", "high", "max"), adaptive=True, prefill=False
)
OPUS_4_5 = Model("claude-opus-4-5-20251101", 200_000, 64_000, 4096, ("low", "medium", "high"))
SONNET_4_5 = Model("claude-sonnet-4-5-20250929", 200_000, 64_000, 1024)
HAIKU_4_5 = Model("claude-haiku-4-5-20251001", 200_000, 64_000, 4096)
ALIASES = {"claude-opus-4-5": OPUS_4_5, "claude-sonnet-4-5": SONNET_4_5, "claude-haiku-4-5": HAIKU_4_5}
MODELS = {model.served: model for model in (OPUS_4_6, OPUS_4_5, SONNET_4_5, HAIKU_4_5)} | ALIASES


def known(name: str) -> Model:
    if name not in MODELS:
        raise Refused(404, "not_found_error", f"model: {name}")
    return MODELS[name]


def bad(message: str) -> Refused:
    return Refused(400, "invalid_request_error", message)
