"""What a model takes and refuses: data of a catalogue row, so that staff can move a row to a successor without code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Traits:
    """What a model takes and refuses, as docs/providers/ tells it. Each dialect reads the fields that concern it.

    `ignores` and `drops`: request fields left out and named to the caller. `rejects`: fields answered 400 because the
    reply, its price or its safety would change. `images`: ways an image may come ("data", "https", and "fetched": by
    https, but we fetch it). Token numbers are tokens.
    """

    context_tokens: int
    max_output_tokens: int
    max_input_tokens: int | None = None
    length_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    always_send_length: bool = False
    # free | fixed (only 1) | when_not_reasoning (free while the effort is none) | none
    sampling: Literal["free", "fixed", "when_not_reasoning", "none"] = "free"
    default_effort: str | None = None  # of a model that thinks unasked, or "none"
    temperature_below: float | None = None  # Qwen takes temperatures below 2 only
    ignores: frozenset[str] = frozenset()
    rejects: frozenset[str] = frozenset()
    drops: frozenset[str] = frozenset()
    images: frozenset[str] = frozenset()
    image_tokens: int = 5000  # at most, for one image; for one page of a document (text and picture) below
    page_tokens: int = 4600
    documents: bool = False
    audio: bool = False
    hears: bool = True  # False: its provider refuses the audio that we pass on
    video: bool = False
    tools: bool = True
    forced_tools: bool = True  # False: a tool that the caller forces is asked for in words
    narrowed_tools: bool = True  # allowed_tools is known; else the model sees the allowed ones alone
    forced_tools_think: bool = True  # False: where a tool is forced, thinking gives way
    custom_tools: bool = False  # tools that take text, with a grammar
    tool_images: Literal["in_place", "beside", "after"] = "in_place"  # where an image in a tool's result is sent
    # dialects/schemas; Claude's and Gemini's have their own. `plain`: JSON Schema 2020-12, and no more
    schema_rules: Literal["openai", "moonshot", "plain"] = "openai"
    strict_tools: Literal["pass", "false_unless_asked", "remove"] = "pass"
    parallel_switch: Literal["pass", "none"] = "pass"
    json_schema: bool = True
    json_with_tools: bool = True
    json_word_needed: bool = False
    penalties: bool = False
    developer_role: bool = True
    message_names: bool = True
    # pass | blank ("" instead of null) | drop (Kimi refuses empty messages)
    empty_content: Literal["pass", "blank", "drop"] = "pass"
    needs_user: bool = False  # a conversation in which the user says nothing is refused
    refusals: bool = True  # the refusal field and part are taken; else they become text
    text_only: bool = False  # parts are joined to one string
    stop_bytes: int | None = None
    max_stops: int | None = None
    max_tools: int | None = None
    shortest_tool_name: int = 1
    letter_first: bool = False  # tool names begin with a letter or an underscore
    longest_call_id: int | None = None
    object_arguments: bool = False  # calls in the history must have a JSON object as arguments
    cache_marks: bool = False
    cache_hours: bool = False  # a mark may last an hour
    cache_retention: str | None = None
    writes_cache: bool = False  # the provider writes long prompts into its cache unasked, and charges for that
    safety_identifier: bool = False
    prompt_cache_key: bool = False
    service_tier: str | None = None
    thinking: Literal["none", "effort", "adaptive", "budget", "level", "switch"] = "none"
    thinking_budgets: Mapping[str, int] = field(default_factory=dict)
    thinking_levels: Mapping[str, str] = field(default_factory=dict)
    efforts: Mapping[str, str] = field(default_factory=dict)
    # Whether all that the model thinks is in its stream, too; else left streams are read to their end. Where a row does
    # not say, only those that are switched (Kimi) show all.
    streams_reasoning: bool | None = None
    # How a model that thinks unless told not to is told: the `thinking` of Claude, the field's name of Qwen.
    thinking_off: str | None = None
    thinking_display: str | None = None  # Claude: how thoughts are shown to a caller who asks for them
    reasoning_summary: str | None = None  # Responses: how thoughts are shown when an effort is asked for
    partial: bool = False  # the last assistant message may be marked as one to be continued
    system_in_place: bool = False  # Claude: later system messages stay among the turns
    prefill: bool = True
    assistant_last: bool = True  # False: a conversation that ends with the assistant is refused
    signatures: bool = False
    echoes_reasoning: bool = False  # Kimi wants reasoning_content back beside tool calls
    version: str | None = None  # anthropic-version

    @property
    def shows_reasoning(self) -> bool:
        return self.thinking == "switch" if self.streams_reasoning is None else self.streams_reasoning

    @property
    def inputs(self) -> list[str]:
        """In OpenRouter's words."""
        takes = {
            "text": True,
            "image": bool(self.images),
            "file": self.documents,
            "audio": self.audio and self.hears,
            "video": self.video,
        }
        return [name for name, taken in takes.items() if taken]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Traits":
        """From a catalogue row's JSON: lists become sets."""
        fields: dict[str, Any] = {
            name: frozenset(value) if isinstance(value, list) else value for name, value in row.items()
        }
        return cls(**fields)
