"""The GPT-5 models OpenAI serves, and what they do not take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..neutral_request import Ask
from ..refusals import Refused
from .conversation import bad

OUTPUT_MAX, INPUT_MAX = 128_000, 272_000
ALWAYS = ("minimal", "low", "medium", "high")


@dataclass(frozen=True)
class Model:
    served: str
    efforts: tuple[str, ...]
    default: str
    chat: bool = True


GPT_5_2 = Model("gpt-5.2-2025-12-11", ("none", "low", "medium", "high", "xhigh"), "none")
MODELS = {
    "gpt-5.2": GPT_5_2,
    "gpt-5.2-2025-12-11": GPT_5_2,
    "gpt-5-mini": Model("gpt-5-mini-2025-08-07", ALWAYS, "medium"),
    "gpt-5-nano": Model("gpt-5-nano-2025-08-07", ALWAYS, "medium"),
    "gpt-5.2-codex": Model("gpt-5.2-codex", ("low", "medium", "high", "xhigh"), "medium", chat=False),
    "gpt-5.3-codex": Model("gpt-5.3-codex", ("low", "medium", "high", "xhigh"), "medium", chat=False),
}
UNSUPPORTED = (
    "max_tokens",
    "stop",
    "logit_bias",
    "presence_penalty",
    "frequency_penalty",
    "prediction",
    "audio",
    "modalities",
    "web_search_options",
)
SAMPLING = ("temperature", "top_p", "logprobs", "top_logprobs")


def known(name: str) -> Model:
    if name not in MODELS:
        raise Refused(
            404,
            "invalid_request_error",
            f"The model `{name}` does not exist or you do not have access to it.",
            code="model_not_found",
        )
    return MODELS[name]


def check_model_rules(body: Mapping[str, Any], model: Model) -> str:
    """The effort that holds, after refusing what GPT-5 does not take."""
    for field in UNSUPPORTED:
        if body.get(field) is not None:
            hint = " Use 'max_completion_tokens' instead." if field == "max_tokens" else ""
            raise bad(
                f"Unsupported parameter: '{field}' is not supported with this model.{hint}",
                field,
                "unsupported_parameter",
            )
    effort = body.get("reasoning_effort") or model.default
    if effort not in model.efforts:
        raise bad(
            f"Unsupported value: 'reasoning_effort' does not support '{effort}' with this model. Supported "
            f"values are: {', '.join(map(repr, model.efforts))}.",
            "reasoning_effort",
            "unsupported_value",
        )
    for field in SAMPLING if effort != "none" else ():
        if body.get(field) is not None and not (field == "temperature" and body[field] == 1 and model is not GPT_5_2):
            raise bad(
                f"Unsupported value: '{field}' does not support {body[field]} with this model.",
                field,
                "unsupported_value",
            )
    if (body.get("max_completion_tokens") or 0) > OUTPUT_MAX:
        raise bad(
            f"max_tokens is too large: {body['max_completion_tokens']}. This model supports at most "
            f"{OUTPUT_MAX} completion tokens.",
            "max_completion_tokens",
            "invalid_value",
        )
    return str(effort)


def fits(ask: Ask) -> Ask:
    if ask.input.prompt > INPUT_MAX:
        raise bad(
            f"Your input exceeds the context window of this model: {INPUT_MAX} tokens, {ask.input.prompt} given.",
            "messages",
            "context_length_exceeded",
        )
    return ask
