"""No recorded request was billed more prompt than its bound would have been. What we could not have sent is left out:
other people's tools, files kept elsewhere, cached contents; and media that the recorder cut.
"""

import asyncio
import json
from typing import Any

import pytest

from inference.billing import token_counting
from inference.billing.attachments import measured
from inference.billing.token_counting import raised
from inference.chat.prompt import Media, Pause, Sealed, prompt_of
from inference.chat.provider_request import ProviderRequest
from inference.chat.request import ChatRequest
from inference.dialects import Dialect
from tests.attacks.measuring import listing
from tests.corpus.replayer import CORPUS, MODELS, Case, case, names
from tests.corpus.sdk_view import read

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus of recorded traffic is not beside this repository"
)

NOT_OURS = (
    "cachedContent", "previous_response_id", "file_id", "fileData", "fileUri", "mcp_servers", "container", "citations",
    "context_management", "googleSearch", "urlContext", "fileSearch", "codeExecution", "additional_tools",
)  # fmt: skip
CLIENT_RUN = ("bash_", "text_editor_", "computer_", "memory_")  # Anthropic's tools that cost tokens only
INSTRUCTING = ("tools", "functions", "response_format", "output_config", "output_format", "text")
HELLO = ChatRequest.read(b'{"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true}')
CUT = 4_096  # characters of base64
LEAST_SHARE = 0.995


def is_ours(recorded: Case) -> bool:
    asked = recorded.get("request")
    if recorded["status"] != 200 or not recorded["recorded"] or not isinstance(asked, dict):
        return False
    if recorded["fidelity"] == "transcribed" or any(map(is_hosted, recorded["tags"])):
        return False
    text = json.dumps(asked)
    return all(f'"{name}"' not in text for name in NOT_OURS) and all(map(is_function, asked.get("tools") or ()))


def is_hosted(tag: str) -> bool:
    kind, _, name = tag.partition(":")
    return kind == "server-tool" and not f"{name}_".startswith(CLIENT_RUN)


def is_function(tool: Any) -> bool:
    is_declared = tool.get("type") in (None, "function", "custom") or set(tool) == {"functionDeclarations"}
    return is_declared or is_makers(tool)


def is_makers(tool: Any) -> bool:
    return str(tool.get("type")).startswith(CLIENT_RUN)


def billed(dialect: Dialect, recorded: Case) -> int:
    try:
        usage = read(dialect, ProviderRequest(HELLO, {}), recorded).facts.usage
    except Exception:  # a failure, which nobody is billed for
        return 0
    return usage.prompt_tokens if usage else 0


def shown(dialect: Dialect, asked: dict[str, Any]) -> list[str | Sealed | Media]:
    return [item for item in prompt_of(asked, dialect.PROMPT) if not isinstance(item, Pause)]


def bound(model: str, asked: dict[str, Any]) -> int | None:
    """As `Measure` has it, of a body that somebody else wrote."""
    book = listing(model)
    found = shown(book.dialect, asked)
    if any(isinstance(item, Media) and len(item.data) >= CUT for item in found):
        return None
    text = "\n".join(item.text if isinstance(item, Sealed) else item for item in found if not isinstance(item, Media))
    media = [item for item in found if isinstance(item, Media)]
    seen = asyncio.run(measured(media, book.traits, book.traits.context_tokens, 1)) if media else None
    config = asked.get("generationConfig") or {}
    is_instructed = any(asked.get(name) for name in INSTRUCTING) or "responseMimeType" in config
    turns = next((asked[name] for name in ("messages", "contents", "input") if isinstance(asked.get(name), list)), [0])
    around = (
        token_counting.MESSAGE_TOKENS * len(turns)
        + token_counting.REQUEST_TOKENS
        + token_counting.TOOLS_TOKENS * is_instructed
        + token_counting.MAKERS_TOOL_TOKENS * sum(map(is_makers, asked.get("tools") or ()))
    )
    return raised(token_counting.count(text), book.bound_percent) + around + (seen.most if seen else 0)


def test_nearly_every_recorded_prompt_is_within_its_bound() -> None:
    compared, beyond = 0, []
    for folder, model in MODELS.items():
        for name in names(folder):
            told = billed(listing(model).dialect, recorded) if is_ours(recorded := case(name)) else 0
            if told and (most := bound(model, recorded["request"])) is not None:
                compared += 1
                beyond += [(name, told, most)] if most < told else []
    assert compared > 500
    assert len(beyond) <= (1 - LEAST_SHARE) * compared, beyond


def test_no_tool_that_anthropic_has_taught_claude_is_billed_beyond_its_bound() -> None:
    """A schema that no request shows is most of such a prompt."""
    model = MODELS["anthropic"]
    asked = [found for name in names("anthropic") if is_ours(found := case(name)) and has_makers(found["request"])]
    bounds = [(bound(model, found["request"]), billed(listing(model).dialect, found)) for found in asked]
    assert len(bounds) > 3
    assert all(most is not None and most >= told > token_counting.TOOLS_TOKENS for most, told in bounds), bounds


def test_what_is_counted_of_such_a_prompt_is_near_its_bill() -> None:
    book, compared = listing(MODELS["anthropic"]), 0
    for found in (
        found for name in names("anthropic") if is_ours(found := case(name)) and has_makers(found["request"])
    ):
        seen = shown(book.dialect, found["request"])
        if not any(isinstance(item, Media) for item in seen):
            compared += 1
            text = "\n".join(item.text if isinstance(item, Sealed) else str(item) for item in seen)
            kinds = [tool["type"] for tool in found["request"]["tools"] if is_makers(tool)]
            counted = raised(token_counting.count(text), book.estimate_percent) + token_counting.likely_of_makers(kinds)
            told = billed(book.dialect, found)
            assert told * 9 <= counted * 10 <= told * 11, (kinds, counted, told)
    assert compared >= 3


def has_makers(request: dict[str, Any]) -> bool:
    return any(map(is_makers, request.get("tools") or ()))
