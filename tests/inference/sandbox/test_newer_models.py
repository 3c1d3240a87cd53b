"""What the models of autumn 2026 refuse, by their providers' documents (docs/providers)."""

from typing import Any

import pytest

from tests.inference.sandbox.upstream import CITY, Upstream, function, says

OPUS, SONNET, HAIKU = ({"model": f"claude-{name}-5-5"} for name in ("opus", "sonnet", "haiku"))
USABLE = {"tools": [{"name": "get_weather", "input_schema": CITY}]}
XHIGH = {"output_config": {"effort": "xhigh"}}
SOL, LUNA = {"model": "gpt-6.1-sol"}, {"model": "gpt-6-luna"}
K3, MAX = {"model": "kimi-k3.1-pro"}, {"model": "qwen3.8-max"}
FORCED = {"tools": [function()], "tool_choice": "required"}

REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "sampling": ("anthropic", {**HAIKU, "temperature": 1}, "sampling parameters are not supported"),
    "no thinking on opus": ("anthropic", {**OPUS, "thinking": {"type": "disabled"}}, '"thinking.type.disabled"'),
    "no thinking on sonnet": ("anthropic", {**SONNET, "thinking": {"type": "disabled"}}, "between_tools"),
    "a manual budget": ("anthropic", {**HAIKU, "thinking": {"type": "enabled", "budget_tokens": 1024}}, "enabled"),
    "effort without thinking": ("anthropic", {**SONNET, **XHIGH, "thinking": {"type": "between_tools"}}, "xhigh"),
    "a forced tool": (
        "anthropic",
        {**SONNET, **USABLE, "tool_choice": {"type": "any"}},
        "are not supported for this model.",
    ),
    "sol without thought": ("responses", {**SOL, "reasoning": {"effort": "none"}}, "'none' is not supported"),
    "minimal effort": ("responses", {**LUNA, "reasoning": {"effort": "minimal"}}, "'minimal' is not supported"),
    "sampling while it reasons": ("responses", {**LUNA, "top_p": 0.5}, "'top_p' is not supported"),
    "a short cache": ("responses", {**LUNA, "prompt_cache_retention": "in_memory"}, "prompt_cache_retention"),
    "tools in chat": ("openai", {**LUNA, "tools": [function()]}, "use /v1/responses"),
    "kimi's switch": ("moonshot", {**K3, "thinking": {"type": "disabled"}}, "thinking cannot be set"),
    "kimi's effort between": ("moonshot", {**K3, "reasoning_effort": "medium"}, "low, high, max"),
    "an effort on k2.6": ("moonshot", {"model": "kimi-k2.6", "reasoning_effort": "low"}, "reasoning_effort"),
    "a cooler kimi": ("moonshot", {**K3, "temperature": 0.6}, "only 1 is allowed"),
    "effort and budget": ("qwen", {**MAX, "reasoning_effort": "low", "thinking_budget": 9}, "cannot be set together"),
    "forced while thinking": ("qwen", {**MAX, **FORCED}, "in thinking mode"),
    "too long an answer": ("qwen", {**MAX, "max_tokens": 131_073}, "max_tokens"),
}
MODEL_LAST = {"contents": [{"role": "user", "parts": [{"text": "x"}]}, {"role": "model", "parts": [{"text": "y"}]}]}
GEMINI_REFUSES: dict[str, tuple[str, dict[str, Any], str]] = {
    "less than low": ("gemini-4-argon", {"thinkingConfig": {"thinkingLevel": "MINIMAL"}}, "MINIMAL is not supported"),
    "more than high": ("gemini-3.8-flash", {"thinkingConfig": {"thinkingLevel": "XHIGH"}}, "XHIGH is not supported"),
    "a penalty": ("gemini-4-hydrogen", {"presencePenalty": 0.5}, "Penalty is not enabled"),
}


def said(upstream: Upstream, wire: str, body: dict[str, Any], **more: Any) -> str:
    response = upstream.post(wire, body, **more)
    assert response.status_code == 400, response.text
    return str(response.json()["error"]["message"])


@pytest.mark.parametrize("case", REFUSED)
def test_it_refuses(case: str, upstream: Upstream) -> None:
    wire, change, words = REFUSED[case]
    assert words in said(upstream, wire, says(wire, "hello") | change)


@pytest.mark.parametrize("case", GEMINI_REFUSES)
def test_gemini_refuses(case: str, upstream: Upstream) -> None:
    model, config, words = GEMINI_REFUSES[case]
    path = f"/gemini/v1beta/models/{model}:generateContent"
    assert words in said(upstream, "gemini", {**says("gemini", "x"), "generationConfig": config}, path=path)
    assert "role model" in said(upstream, "gemini", MODEL_LAST, path=path)


def test_qwens_limit_does_not_bound_its_thoughts_and_its_budget_does(upstream: Upstream) -> None:
    asked = says("qwen", "say 50 words [[think=400]]", **MAX, max_tokens=20)
    unbounded, bounded = (
        upstream.post("qwen", body).json()["usage"] for body in (asked, {**asked, "thinking_budget": 30})
    )
    assert (unbounded["completion_tokens"], bounded["completion_tokens"]) == (420, 50)


def test_a_long_prompt_is_written_into_the_cache_unasked_since_the_sixth_generation(upstream: Upstream) -> None:
    asked = says("responses", "word " * 1500)
    details = [upstream.post("responses", asked | model).json()["usage"] for model in (LUNA, {"model": "gpt-5.5"})]
    written = [usage["input_tokens_details"].get("cache_write_tokens", 0) for usage in details]
    assert written == [details[0]["input_tokens"], 0]
