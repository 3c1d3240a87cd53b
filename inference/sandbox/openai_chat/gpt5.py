"""The GPT models OpenAI serves, and what they do not take."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..neutral_request import Ask, Usage
from ..refusals import Refused
from .conversation import bad

OUTPUT_MAX, INPUT_MAX = 128_000, 272_000
LONG, LONGER = 922_000, 1_050_000
WRITTEN_FROM = 1_024  # tokens of a prompt that is written into the cache
ALWAYS = ("minimal", "low", "medium", "high")


@dataclass(frozen=True)
class Model:
    served: str
    efforts: tuple[str, ...]
    default: str
    chat: bool = True
    input_max: int = INPUT_MAX
    tools_in_chat: bool = True  # also while it reasons
    retention: tuple[str, ...] = ("in_memory", "24h")
    writes_cache: bool = False

    def written(self, prompt: Usage) -> Usage:
        """Since GPT-5.6 a long prompt is written into the cache unasked, and billed for that."""
        if not self.writes_cache or prompt.input < WRITTEN_FROM:
            return prompt
        return replace(prompt, input=0, write_5m=prompt.input)


FROM_NONE = ("none", "low", "medium", "high", "xhigh")
GPT_5_2 = Model("gpt-5.2-2025-12-11", ("none", "low", "medium", "high", "xhigh"), "none")
SIXTH: dict[str, Any] = {"input_max": LONG, "tools_in_chat": False, "retention": ("24h",), "writes_cache": True}
MODELS = {
    "gpt-6.1-terra": Model("gpt-6.1-terra", (*FROM_NONE, "max"), "medium", **SIXTH),
    "gpt-6.1-sol": Model("gpt-6.1-sol", (*FROM_NONE[1:], "max"), "medium", **SIXTH),
    "gpt-6-luna": Model("gpt-6-luna", (*FROM_NONE, "max"), "medium", **SIXTH),
    "gpt-5.5": Model("gpt-5.5", FROM_NONE, "medium", input_max=LONGER, tools_in_chat=False, retention=("24h",)),
    "gpt-5.4": Model("gpt-5.4", FROM_NONE, "none", input_max=LONGER, tools_in_chat=False),
    "gpt-5.4-mini": Model("gpt-5.4-mini", FROM_NONE, "none", tools_in_chat=False),
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
    if body.get("tools") and effort != "none" and not model.tools_in_chat:
        raise bad(
            f"Function tools with reasoning_effort are not supported for {body['model']} in /v1/chat/completions. "
            "To use function tools, use /v1/responses or set reasoning_effort to 'none'.",
            "reasoning_effort",
        )
    check_retention(body, model)
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


def check_retention(body: Mapping[str, Any], model: Model) -> None:
    kept = body.get("prompt_cache_retention")
    if kept is not None and kept not in model.retention:
        raise bad(
            f"Unsupported value: 'prompt_cache_retention' does not support '{kept}' with this model.",
            "prompt_cache_retention",
            "unsupported_value",
        )


def fits(ask: Ask, model: Model) -> Ask:
    if ask.input.prompt > model.input_max:
        raise bad(
            f"Your input exceeds the context window of this model: {model.input_max} tokens, {ask.input.prompt} given.",
            "messages",
            "context_length_exceeded",
        )
    return replace(ask, input=model.written(ask.input))
