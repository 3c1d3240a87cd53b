"""The four languages providers speak. Pure: bytes and objects in, objects out; no clock, no network, no database.

A dialect is a package with the functions of `Dialect`. Its translator lives as long as one response.

The four are laid out alike, so that who knows one finds the way in all. A request goes through `request.render`: it
asks `drop_unsupported` which fields the model does not take, `conversation.write` for the messages (whose parts
`parts.py` writes), `output_limit` for how long the reply may be, `thinking.write` for how hard the model thinks (with
`thinking_room` for the answer),
`tools.write` for definitions and choice, `output_format.write` for JSON, and in request.py itself `sampling`, `stops`
and `privacy` for what is left. What a model takes is data (chat/traits.py); what is left out, lowered or rewritten is
named on the `ProviderRequest` (`ignore`, `transform`). JSON Schemas are fitted by schemas/, one table of rules for all
providers. A stream is read by `reading.py`, event by event or a run of them at once. A reply comes back through
`stream.py` or `reply.py`, with `finish`, `usage` and `faults` beside it;
`failures.py` reads the error texts of all, `call_ids.py` keeps the ids of calls apart, and `tool_names.py` gives tools
the names that a provider takes. An event that is like the one before but for its text is read by `alike.py`, without a
parser. What none of them may take for granted is read by `untrusted_json.py`.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from inference.chat.prompt import Declared
from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.reply import Delta, Facts, Reply
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.dialects import anthropic, gemini, openai_chat, openai_responses
from inference.sse import Event


class Translator(Protocol):
    """One response, event by event."""

    facts: Facts

    def feed(self, event: Event) -> list[Delta]:
        """Deltas as they become known. Raises `ProviderError` for an error event or one that cannot be read."""

    def end(self) -> list[Delta]:
        """What is still owed at the end of the stream, the finish among it.

        Raises `ProviderError(TRUNCATED)` where the provider broke off.
        """


class Dialect(Protocol):
    STREAMS_ALWAYS: bool
    TOOL_MEDIA: bool  # whether tools may answer with images and files
    PROMPT: Declared  # what of a rendered body is no text

    def path(self, upstream_model: str, *, stream: bool) -> str:
        """What follows the provider's base URL."""

    def render(self, request: ChatRequest, target: Target, *, limit: int | None = None) -> ProviderRequest:
        """The upstream body. `limit`: output tokens per choice that the hold buys; None: the caller's own, or none.

        Raises `InvalidRequest` for what the model cannot honour. Called again with a lower limit when credit is short.
        """

    def parse(self, body: Mapping[str, Any], rendered: ProviderRequest) -> Reply:
        """A JSON reply. Raises `ProviderError` where it is none."""

    def stream(self, rendered: ProviderRequest) -> Translator: ...

    def thinks(self, rendered: ProviderRequest, traits: Traits) -> bool:
        """Whether the model may reason before it answers this body: tokens that are charged, and perhaps not shown."""

    def fault(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """What an answer that is not 2xx means. `headers` have lower-case names."""

    def mend(self, rendered: ProviderRequest, fault: ProviderError) -> bool:
        """Whether the body was changed so that what the provider refused is taken now: thoughts it signed or sealed for
        somebody else. The change is named among the transforms.
        """


DIALECTS: dict[str, Dialect] = {
    "openai_chat": openai_chat,
    "openai_responses": openai_responses,
    "anthropic": anthropic,
    "gemini": gemini,
}
