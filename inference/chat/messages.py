"""A message, its parts and its tool calls, as OpenAI's SDK types them (`openai` types/chat, 3.54.0)."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, FailFast, Field, Tag

T = TypeVar("T")


class EndsAtFirst(FailFast):
    """A list's first wrong entry ends its check: a caller reads one error, and a million of them fill the memory."""

    __hash__ = object.__hash__


FirstWrong = Annotated[T, EndsAtFirst()]

TOOL_FAILED = "The tool failed and said nothing."

Role = Literal["system", "developer", "user", "assistant", "tool", "function"]


class Wire(BaseModel):
    """Strict, so that `"0.7"` is no number; `null` counts as absent; what we do not know is left behind."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class CacheMark(Wire):
    """Claude's and Qwen's `cache_control`, accepted as an extension (docs/providers/)."""

    type: Literal["ephemeral"] = "ephemeral"
    ttl: Literal["5m", "1h"] | None = None


class CacheBreakpoint(Wire):
    mode: str | None = None
    ttl: str | None = None


class Part(Wire):
    cache_control: CacheMark | None = None
    prompt_cache_breakpoint: CacheBreakpoint | None = None

    @property
    def cache_mark(self) -> CacheMark | None:
        if (
            self.cache_control is None
            and self.prompt_cache_breakpoint is not None
            and self.prompt_cache_breakpoint.mode == "explicit"
        ):
            return CacheMark()
        return self.cache_control


class TextPart(Part):
    type: Literal["text"]
    text: str
    citations: Any = None  # Claude's own, of a text it wrote


class ImageURL(Wire):
    url: str
    detail: str | None = None


class ImagePart(Part):
    type: Literal["image_url"]
    image_url: ImageURL


class Audio(Wire):
    data: str
    format: Literal["wav", "mp3", "aac", "aiff", "flac", "ogg"]


class AudioPart(Part):
    type: Literal["input_audio"]
    input_audio: Audio


class File(Wire):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None
    context: Any = None  # what Claude is told of a document beside its title, and whether it may cite it
    citations: Any = None


class FilePart(Part):
    type: Literal["file"]
    file: File


class RefusalPart(Part):
    type: Literal["refusal"]
    refusal: str


AnyPart = Annotated[TextPart | ImagePart | AudioPart | FilePart | RefusalPart, Field(discriminator="type")]


def words(part: AnyPart) -> str:
    """The text of a part, and nothing of one that is no text."""
    match part:
        case TextPart():
            return part.text
        case RefusalPart():
            return part.refusal
    return ""


def content_form(content: Any) -> str:
    return "parts" if isinstance(content, list) else "text"


Content = Annotated[
    Annotated[str, Tag("text")] | Annotated[list[AnyPart], EndsAtFirst(), Tag("parts")],
    Discriminator(content_form),
]


class Function(Wire):
    name: str
    arguments: str | None = None


class CustomCall(Wire):
    """A call of a tool that takes text instead of JSON."""

    name: str
    input: str = ""


class ToolCall(Wire):
    """`function` also tells of a custom call: what other models than OpenAI's are shown of it (client_shapes.py)."""

    id: str
    type: Literal["function", "custom"] = "function"
    function: Function
    custom: CustomCall | None = None
    extra_content: dict[str, Any] | None = None
    cache_control: CacheMark | None = None

    @property
    def signature(self) -> str | None:
        """Gemini's thought signature, where the caller echoes it (Google's own OpenAI convention)."""
        google = (self.extra_content or {}).get("google")
        signature = google.get("thought_signature") if isinstance(google, dict) else None
        return signature if isinstance(signature, str) else None


class Message(Wire):
    role: Role
    content: Content | None = None
    name: str | None = None
    tool_calls: FirstWrong[list[ToolCall]] | None = None
    tool_call_id: str | None = None
    function_call: Function | None = None
    refusal: str | None = None
    audio: dict[str, Any] | None = None
    reasoning_content: str | None = None
    thinking_blocks: FirstWrong[list[dict[str, Any]]] | None = None
    extra_content: dict[str, Any] | None = None
    cache_control: CacheMark | None = None
    partial: bool | None = None  # Kimi's and Qwen's word for a reply that is to be continued
    is_error: Any = None  # of a tool's answer
    order: Any = None  # in which an assistant's turn was written: ("thinking" | "text" | "call", number)

    @property
    def parts(self) -> list[AnyPart]:
        """The content as parts, whichever way it was written; empty text is no part."""
        if isinstance(self.content, str):
            return [TextPart(type="text", text=self.content)] if self.content else []
        return self.content or []

    @property
    def text(self) -> str:
        """All text of the content, refusals included, joined as it was written."""
        if isinstance(self.content, str):
            return self.content
        return "".join(map(words, self.content or ()))

    @property
    def calls(self) -> list[ToolCall]:
        return self.tool_calls or []
