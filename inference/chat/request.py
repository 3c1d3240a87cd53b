"""A chat completion request, checked once against OpenAI's shape; what a model lacks is its dialect's business."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inference.chat import conversation, request_body, unknown_fields, validation_messages
from inference.chat.invalid_request import InvalidRequest
from inference.chat.messages import CacheMark, FirstWrong, Message, Wire
from inference.chat.request_body import Adopt
from inference.chat.tools import (
    AllowedTools,
    CustomTool,
    LegacyFunction,
    MakersTool,
    NamedChoice,
    NamedFunction,
    Tool,
    ToolFunction,
    allowed_name,
)


class JsonSchema(Wire):
    name: str = Field(min_length=1, max_length=256)  # as classes are called; OpenAI is sent what it takes
    description: str | None = None
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    strict: bool | None = None


class ResponseFormat(Wire):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(Wire):
    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class Thinking(Wire):
    """Anthropic's and Moonshot's own shape, accepted for Claude and Kimi."""

    type: Literal["enabled", "disabled", "adaptive", "between_tools"]
    budget_tokens: int | None = Field(default=None, ge=0)

    @property
    def is_off(self) -> bool:
        """Whether thinking before the answer is off; some models of Claude still think between calls of tools."""
        return self.type in ("disabled", "between_tools")


class ChatRequest(BaseModel):
    """OpenAI's fields (`openai` 3.54.0, `completion_create_params.py`) and our extensions.

    Unknown ones are kept in `unknown` and named to the caller as ignored.

    After `read`, legacy `functions` are `tools` (and `legacy` is set), so dialects know one form of tools only.
    `unknown_inside` are fields we do not know inside messages, tools and the like; `rewritten` is what was mended.
    """

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)

    model: str = Field(min_length=1, max_length=200)
    messages: list[Message] = Field(min_length=1, fail_fast=True)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_completion_tokens: int | None = Field(default=None, ge=1, le=10**9)
    max_tokens: int | None = Field(default=None, ge=1, le=10**9)
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = Field(default=None, ge=0, le=1)
    top_k: int | None = Field(default=None, ge=1)
    n: int | None = Field(default=None, ge=1, le=128)
    stop: str | FirstWrong[list[str]] | None = None
    seed: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    logit_bias: dict[str, float] | None = None
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    frequency_penalty: float | None = Field(default=None, ge=-2, le=2)
    tools: FirstWrong[list[Tool]] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedChoice | None = None
    parallel_tool_calls: bool | None = None
    functions: FirstWrong[list[LegacyFunction]] | None = None
    function_call: Literal["none", "auto"] | NamedFunction | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    thinking: Thinking | None = None
    modalities: FirstWrong[list[str]] | None = None
    audio: dict[str, Any] | None = None
    prediction: dict[str, Any] | None = None
    web_search_options: dict[str, Any] | None = None
    moderation: Any = None
    metadata: dict[str, Any] | None = None
    store: bool | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    prompt_cache_options: Any = None
    service_tier: str | None = None

    # Ours, for what only other formats can say. `effort`: how hard to work, apart from whether to think.
    # `makers_tools`: those of `tools` that have no schema, by name.
    legacy: bool = Field(default=False, init=False, exclude=True)
    unknown_inside: list[str] = Field(default_factory=list, init=False, exclude=True)
    rewritten: list[str] = Field(default_factory=list, init=False, exclude=True)
    is_adopted: bool = Field(default=False, init=False, exclude=True)
    effort: Literal["minimal", "low", "medium", "high", "xhigh", "max"] | None = Field(default=None, exclude=True)
    reasoning_summary: Literal["auto", "concise", "detailed"] | None = Field(default=None, exclude=True)
    echo: dict[str, Any] = Field(default_factory=dict, init=False, exclude=True)
    names: dict[str, tuple[str, str]] = Field(default_factory=dict, init=False, exclude=True)
    makers_tools: dict[str, MakersTool] = Field(default_factory=dict, init=False, exclude=True)

    @classmethod
    def read(cls, body: bytes, *, on_loop: bool = False, adopt: Adopt | None = None) -> "ChatRequest":
        """`adopt` makes of another format's fields what stands here.

        Raises `InvalidRequest` with a sentence the caller can act on, and, `on_loop`, `TooMuchHere`."""
        adopted = request_body.read(body, on_loop=on_loop, adopt=adopt)
        try:
            request = cls.model_validate(adopted.fields)
        except ValidationError as error:
            raise validation_messages.sentence(error) from error
        request.unknown_inside = adopted.ignored + unknown_fields.inside(adopted.fields, KNOWN_INSIDE)
        request.is_adopted, request.rewritten = adopted.is_foreign, adopted.transforms
        request.echo, request.names = adopted.echo, adopted.names
        request.adopt_legacy_functions()
        if conversation.make_call_ids_distinct(request.messages):
            request.rewritten.append("call_ids_made_distinct")
        conversation.check(request.messages)
        request.tell_tools_apart()
        request.check_tools()
        request.check_response_format()
        return request

    @property
    def unknown(self) -> list[str]:
        return [name for name, value in (self.model_extra or {}).items() if value is not None]

    @property
    def output_limit(self) -> int | None:
        """Tokens the caller allows per choice; the newer name wins."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def choices(self) -> int:
        return self.n or 1

    @property
    def stops(self) -> list[str]:
        return [self.stop] if isinstance(self.stop, str) else list(self.stop or ())

    @property
    def wants_usage(self) -> bool:
        return bool(self.stream and self.stream_options and self.stream_options.include_usage)

    def tell_usage(self) -> None:
        """Asks for usage at the end of the stream, unless the caller said something on that."""
        if self.stream and (self.stream_options is None or self.stream_options.include_usage is None):
            self.stream_options = (self.stream_options or StreamOptions()).model_copy(update={"include_usage": True})

    @property
    def forced_tool(self) -> str | None:
        """The one tool the caller insists on."""
        choice = self.tool_choice
        named = (choice.function or choice.custom) if isinstance(choice, NamedChoice) else None
        return named.name if named else None

    @property
    def allowed_tools(self) -> AllowedTools | None:
        return self.tool_choice.allowed_tools if isinstance(self.tool_choice, NamedChoice) else None

    @property
    def must_call(self) -> bool:
        """Whether the reply has to be a tool call, whichever."""
        return (
            self.tool_choice == "required"
            or self.forced_tool is not None
            or bool(self.allowed_tools and self.allowed_tools.mode == "required")
        )

    def adopt_legacy_functions(self) -> None:
        self.legacy = bool(self.functions) or self.function_call is not None
        if self.functions and not self.tools:
            self.tools = [
                Tool(type="function", function=ToolFunction(**function.model_dump())) for function in self.functions
            ]
        if self.tool_choice is None and isinstance(self.function_call, NamedFunction):
            self.tool_choice = NamedChoice(type="function", function=self.function_call)
        elif self.tool_choice is None and self.function_call is not None:
            self.tool_choice = "auto" if self.function_call == "auto" else "none"
        conversation.adopt_legacy_calls(self.messages)

    def tell_tools_apart(self) -> None:
        """Of tools with one name the last is kept, as programs keep them that look tools up by name; Claude and Gemini
        refuse to have two.
        """
        by_name = {tool.function.name: tool for tool in self.tools or ()}
        if self.tools and len(by_name) < len(self.tools):
            self.tools = list(by_name.values())
            self.rewritten.append("same_tools_dropped")

    def check_tools(self) -> None:
        names = {tool.function.name for tool in self.tools or ()}
        choice = self.tool_choice
        if isinstance(choice, NamedChoice) and getattr(choice, choice.type) is None:
            raise InvalidRequest(
                f"tool_choice of type '{choice.type}' needs its '{choice.type}' object.", param="tool_choice"
            )
        if self.must_call and not names:
            raise InvalidRequest("tool_choice asks for a tool call, but no tools are given.", param="tool_choice")
        allowed = self.allowed_tools.tools if self.allowed_tools else []
        chosen = [self.forced_tool] if self.forced_tool else [allowed_name(tool) for tool in allowed]
        for name in chosen:
            if name not in names:
                raise InvalidRequest(f"tool_choice names '{name}', which is not among the tools.", param="tool_choice")
        if not names and not self.must_call:
            self.tool_choice = None

    def check_response_format(self) -> None:
        form = self.response_format
        if form is not None and form.type == "json_schema" and form.json_schema is None:
            raise InvalidRequest(
                "Missing required parameter: 'response_format.json_schema'.",
                param="response_format",
                code="missing_required_parameter",
            )


# Dotted place in a request → the fields we know there.
KNOWN_INSIDE = {
    "stream_options": unknown_fields.names(StreamOptions),
    "tools": unknown_fields.names(Tool),
    "tools.function": unknown_fields.names(ToolFunction),
    "tools.custom": unknown_fields.names(CustomTool),
    "tools.cache_control": unknown_fields.names(CacheMark),
    "functions": unknown_fields.names(LegacyFunction),
    "response_format": unknown_fields.names(ResponseFormat),
    "response_format.json_schema": unknown_fields.names(JsonSchema),
    "thinking": unknown_fields.names(Thinking),
    "tool_choice": unknown_fields.names(NamedChoice),
}
