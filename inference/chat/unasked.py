"""What a provider says it did and was never asked for: another speed, place or tier, tools of its own. Each may have
another price than the one that is charged, so staff are told.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from inference.chat.reply import Facts

# A field of usage (Anthropic, Google), or of the reply (OpenAI) → what it says when all is as asked. In lower case.
USUAL = {
    "speed": ("standard",),
    "inference_geo": ("global", "not_available"),
    "service_tier": ("standard", "default", "auto", "standard_only", "on_demand"),
    "serviceTier": ("standard", "default", "service_tier_unspecified"),
    "trafficType": ("on_demand", "traffic_type_unspecified"),
}
# Counts of what the provider's own tools did.
TOOLS = ("server_tool_use", "server_side_tool_usage_details", "tool_usage", "plugins")
COUNTS = ("toolUsePromptTokenCount", "num_server_side_tools_used", "num_sources_used")


def alerts(facts: Facts) -> list[str]:
    report = {"service_tier": facts.service_tier, **(facts.raw_usage or {})}
    return sorted({f"unasked:{name[:60]}" for name in (*settings(report), *tools(report))})


def settings(report: Mapping[str, Any]) -> Iterator[str]:
    for name, usual in USUAL.items():
        if isinstance(value := report.get(name), str) and value and value.lower() not in usual:
            yield f"{name}={value}"


def tools(report: Mapping[str, Any]) -> Iterator[str]:
    yield from (name for name in COUNTS if counted(report.get(name)))
    for name in TOOLS:
        used = report.get(name)
        yield from (
            f"{name}.{tool}" for tool, times in (used.items() if isinstance(used, dict) else ()) if counted(times)
        )


def counted(times: Any) -> bool:
    """A number, or Qwen's `{"count": 1}`."""
    if isinstance(times, dict):
        return any(counted(inner) for inner in times.values())
    return isinstance(times, int | float) and not isinstance(times, bool) and times > 0
