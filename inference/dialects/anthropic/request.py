"""The body of `POST /v1/messages`, from the neutral form. Only what stands here is ever sent."""

from typing import Any

from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.chat.unsupported_fields import drop_unsupported
from inference.dialects import tool_names
from inference.dialects.anthropic import cache, conversation, output_format, thinking, tool_ids, tools
from inference.dialects.output_limit import output_limit

VERSION = "2023-06-01"  # later ones refuse temperature, top_p and top_k altogether


def path(upstream_model: str, *, stream: bool) -> str:
    return "/v1/messages"


def render(request: ChatRequest, target: Target, *, limit: int | None = None) -> ProviderRequest:
    """Raises `InvalidRequest`."""
    traits = target.traits
    rendered = drop_unsupported(request, traits, on_loop=target.on_loop, claudes_own=True)
    rendered.headers = {"anthropic-version": traits.version or VERSION}
    max_tokens = output_limit(rendered, traits, limit, always=True) or traits.max_output_tokens
    sent_names = tool_names.sent(request, tool_ids.tool_name, tool_ids.LONGEST_NAME)
    rendered.names = tool_names.back(request, sent_names)
    system, turns = conversation.write(rendered, traits, sent_names)
    thought = thinking.write(rendered, traits, turns, max_tokens)
    conversation.close(turns, rendered, traits, thinks=thinking.is_on(thought))
    form = output_format.write(rendered)
    rendered.body = {
        "model": target.upstream_model,
        "max_tokens": max_tokens,
        "stream": True,
        "system": system + output_format.instruction(request, form),
        "messages": [{"role": turn.role, "content": turn.blocks} for turn in turns],
        **tools.write(rendered, turns, sent_names, held_to=output_format.schemas(form)),
        "thinking": thought,
        "output_config": form | thinking.effort(rendered, traits, thought),
        **sampling(rendered, traits, thinks=thinking.is_on(thought)),
        "stop_sequences": stops(rendered),
        **privacy(request, target),
    }
    rendered.body = {name: value for name, value in rendered.body.items() if value not in (None, [], {})}
    if target.marks_cache and traits.cache_marks:
        cache.mark(rendered)
    cache.fit(rendered, traits)
    rendered.name_schemas()
    return rendered


def sampling(rendered: ProviderRequest, traits: Traits, *, thinks: bool) -> dict[str, Any]:
    """Claude takes either temperature or top_p, and next to nothing of both while it thinks. 1 is the default."""
    request = rendered.request
    sent: dict[str, Any] = {}
    if traits.sampling == "none":
        for name in ("temperature", "top_p", "top_k"):
            if getattr(request, name) not in (None, 1):
                rendered.ignore(name)
        return sent
    if request.temperature is not None and not thinks:
        sent["temperature"] = min(request.temperature, 1)
        if request.temperature > 1:
            rendered.transform("temperature_lowered")
    elif request.temperature not in (None, 1):
        rendered.ignore("temperature")
    if request.top_p is not None and "temperature" not in sent and (not thinks or request.top_p >= 0.95):
        sent["top_p"] = request.top_p
    elif request.top_p not in (None, 1):
        rendered.ignore("top_p")
    if request.top_k is not None and not thinks:
        sent["top_k"] = request.top_k
    elif request.top_k is not None:
        rendered.ignore("top_k")
    return sent


def stops(rendered: ProviderRequest) -> list[str]:
    """White space alone is refused as a stop sequence."""
    stops = rendered.request.stops
    taken = [stop for stop in stops if stop.strip()]
    if len(taken) < len(stops):
        rendered.ignore("stop")
    return taken


def privacy(request: ChatRequest, target: Target) -> dict[str, Any]:
    """Who asks, hashed; and the tier that keeps the price as promised."""
    caller = request.safety_identifier or request.user
    named = {"user_id": target.pseudonym(caller)} if caller else {}
    return {"metadata": named, "service_tier": target.traits.service_tier}
