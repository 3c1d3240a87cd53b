"""Any chat completion request a caller may send, for property tests (hypothesis).

`chat_requests(traits)` gives JSON bodies that a model of these traits can honour; without traits, all that OpenAI's
own format allows. A body is a dict that `ChatRequest.read(json.dumps(body).encode())` accepts. Nulls, legacy functions
and broken call arguments are among them.
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from inference.chat.traits import Traits
from tests.inference.media_samples import AUDIO_PART, DATA_IMAGES, FILE_PART, HTTPS_IMAGES
from tests.inference.tool_strategies import (
    Body,
    arguments,
    choices,
    json_values,
    names,
    schemas,
    texts,
    tool_lists,
    words,
)

EVERYTHING = Traits(
    context_tokens=10**6, max_output_tokens=10**5, images=frozenset({"data", "https"}), documents=True, audio=True
)


def image_parts(traits: Traits) -> SearchStrategy[Body]:
    urls = DATA_IMAGES * ("data" in traits.images) + HTTPS_IMAGES * ("https" in traits.images)
    details = st.sampled_from([{}, {"detail": "auto"}, {"detail": "low"}, {"detail": "high"}, {"detail": None}])
    return st.builds(
        lambda url, detail: {"type": "image_url", "image_url": {"url": url, **detail}}, st.sampled_from(urls), details
    )


def text_parts() -> SearchStrategy[Body]:
    marks = st.sampled_from(
        [
            {},
            {},
            {},
            {"cache_control": {"type": "ephemeral"}},
            {"cache_control": {"type": "ephemeral", "ttl": "1h"}},
            {"prompt_cache_breakpoint": {"mode": "explicit"}},
        ]
    )
    return st.builds(lambda text, mark: {"type": "text", "text": text, **mark}, texts, marks)


def user_contents(traits: Traits) -> SearchStrategy[Any]:
    parts = [text_parts()]
    parts += [image_parts(traits)] if traits.images else []
    parts += [st.just(FILE_PART)] if traits.documents else []
    parts += [st.just(AUDIO_PART)] if traits.audio else []
    return texts | st.lists(st.one_of(parts), min_size=1, max_size=4)


def plain_contents() -> SearchStrategy[Any]:
    return texts | st.lists(text_parts(), min_size=1, max_size=3)


# --- messages


@st.composite
def call_steps(draw: DrawFn, offered: list[str], first: int) -> list[Body]:
    """An assistant turn with calls, and an answer to each, in any order."""
    form = draw(st.sampled_from(["call_{}", "toolu_{}", "functions.f:{}", "{}"]))
    ids = [form.format(first + number) for number in range(draw(st.integers(1, 3)))]
    calls = [
        {
            "id": call_id,
            "type": "function",
            "function": {"name": draw(st.sampled_from(offered)), "arguments": draw(arguments)},
        }
        for call_id in ids
    ]
    turn = {
        "role": "assistant",
        "tool_calls": calls,
        **draw(
            st.fixed_dictionaries({}, optional={"content": st.none() | plain_contents(), "reasoning_content": texts})
        ),
    }
    return [
        turn,
        *(
            {"role": "tool", "tool_call_id": call_id, "content": draw(plain_contents())}
            for call_id in draw(st.permutations(ids))
        ),
    ]


@st.composite
def legacy_steps(draw: DrawFn, offered: list[str]) -> list[Body]:
    """A call and its answer as OpenAI wrote them until 2023."""
    name = draw(st.sampled_from(offered))
    return [
        {"role": "assistant", "content": None, "function_call": {"name": name, "arguments": draw(arguments)}},
        {"role": "function", "name": name, "content": draw(texts)},
    ]


def speech(traits: Traits) -> SearchStrategy[Body]:
    name = st.sampled_from([{}, {}, {"name": "alice"}, {"name": None}])
    refusals = st.builds(lambda text: [{"type": "refusal", "refusal": text}], texts)
    return st.one_of(
        st.builds(lambda content, name: {"role": "user", "content": content, **name}, user_contents(traits), name),
        st.builds(
            lambda role, content, name: {"role": role, "content": content, **name},
            st.sampled_from(["system", "developer"]),
            plain_contents(),
            name,
        ),
        st.builds(lambda content: {"role": "assistant", "content": content}, plain_contents() | refusals),
        st.builds(lambda text: {"role": "assistant", "content": None, "refusal": text}, texts),
    )


@st.composite
def conversations(draw: DrawFn, traits: Traits, offered: list[str], legacy: bool) -> list[Body]:
    messages: list[Body] = []
    for _ in range(draw(st.integers(1, 5))):
        if offered and traits.tools and draw(st.booleans()):
            messages += draw(legacy_steps(offered) if legacy else call_steps(offered, first=len(messages)))
        else:
            messages.append(draw(speech(traits)))
    return messages


# --- fields

FIELDS: dict[str, SearchStrategy[Any]] = {
    "stream": st.booleans(),
    "stream_options": st.fixed_dictionaries(
        {}, optional={"include_usage": st.booleans(), "include_obfuscation": st.booleans()}
    ),
    "temperature": st.just(1) | st.floats(0, 2),
    "top_p": st.just(1) | st.floats(0, 1),
    "top_k": st.integers(1, 100),
    "n": st.integers(1, 4),
    "seed": st.integers(-(2**63), 2**63 - 1),
    "logprobs": st.booleans(),
    "logit_bias": st.dictionaries(st.integers(0, 10**5).map(str), st.integers(-100, 100), max_size=2),
    "presence_penalty": st.floats(-2, 2),
    "frequency_penalty": st.just(0) | st.floats(-2, 2),
    "reasoning_effort": st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"]),
    "verbosity": st.sampled_from(["low", "medium", "high"]),
    "thinking": st.sampled_from(
        [{"type": "disabled"}, {"type": "enabled", "budget_tokens": 2048}, {"type": "adaptive"}]
    ),
    "modalities": st.just(["text"]),
    "prediction": st.builds(lambda text: {"type": "content", "content": text}, texts),
    "metadata": st.dictionaries(words, words, max_size=2),
    "store": st.booleans(),
    "user": words,
    "safety_identifier": words,
    "prompt_cache_key": words,
    "prompt_cache_retention": st.sampled_from(["in_memory", "24h"]),
    "service_tier": st.sampled_from(["auto", "default"]),
    "parallel_tool_calls": st.booleans(),
    "made_up_field": json_values,
}


def limits(traits: Traits) -> SearchStrategy[Body]:
    tokens = st.none() | st.integers(1, traits.max_output_tokens)
    return st.fixed_dictionaries({}, optional={"max_tokens": tokens, "max_completion_tokens": tokens})


def stops(traits: Traits) -> SearchStrategy[Body]:
    stop = words | st.sampled_from(["\n\n", "END", " "])
    return st.fixed_dictionaries({}, optional={"stop": st.none() | stop | st.lists(stop, max_size=4)})


def formats(traits: Traits) -> SearchStrategy[Body]:
    schema = st.builds(
        lambda name, schema, optional: {
            "type": "json_schema",
            "json_schema": {"name": name, "schema": schema, **optional},
        },
        names,
        schemas,
        st.fixed_dictionaries({}, optional={"strict": st.none() | st.booleans(), "description": texts}),
    )
    plain = st.sampled_from([None, {"type": "text"}, {"type": "json_object"}])
    return st.fixed_dictionaries({}, optional={"response_format": plain | schema if traits.json_schema else plain})


@st.composite
def settings(draw: DrawFn, traits: Traits) -> Body:
    chosen = draw(
        st.lists(st.sampled_from([name for name in FIELDS if name not in traits.rejects]), max_size=6, unique=True)
    )
    return {name: draw(st.none() | FIELDS[name]) for name in chosen}


@st.composite
def chat_requests(draw: DrawFn, traits: Traits = EVERYTHING, *, model: str = "any") -> Body:
    tools = draw(st.just([]) | tool_lists()) if traits.tools else []
    legacy = bool(tools) and draw(st.integers(0, 5)) == 0
    offered = [tool["function"]["name"] for tool in tools]
    body = {
        "model": model,
        "messages": draw(conversations(traits, offered, legacy)),
        **draw(settings(traits)),
        **draw(limits(traits)),
        **draw(stops(traits)),
    }
    if legacy:
        body["functions"] = [
            {name: value for name, value in tool["function"].items() if name != "strict"} for tool in tools
        ]
        body["function_call"] = draw(
            st.sampled_from(["auto", "none", None] + [{"name": offered[0]}] * traits.forced_tools)
        )
    elif tools:
        body["tools"] = tools
        body["tool_choice"] = draw(choices(traits, offered))
    if not tools or traits.json_with_tools:
        body |= draw(formats(traits))
    return body
