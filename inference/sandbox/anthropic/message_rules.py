"""The rules of the conversation: texts that say something, every tool_use answered at once."""

from typing import Any

from .models import bad

Body = dict[str, Any]
UNANSWERED = (
    "messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {ids}. "
    "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
)


def check_content(message: Body, index: int, *, final: bool) -> None:
    content = message["content"]
    if not content and not (final and message["role"] == "assistant"):
        raise bad(
            f"messages.{index}: all messages must have non-empty content except for the optional final "
            "assistant message"
        )
    if isinstance(content, str) and content and not content.strip():
        raise bad("messages: text content blocks must contain non-whitespace text")
    for block in blocks(message):
        check_text(block, message["role"])
        inside = block.get("content")
        for inner in inside if isinstance(inside, list) else []:
            check_text(inner, "user")


def check_text(block: Body, role: str) -> None:
    """Claude's own words may be blank, but never nothing."""
    if block["type"] != "text" or block["text"].strip() or (block["text"] and role == "assistant"):
        return
    if block.get("cache_control"):
        raise bad("cache_control cannot be set for empty text blocks")
    problem = "contain non-whitespace text" if block["text"] else "be non-empty"
    raise bad(f"messages: text content blocks must {problem}")


def check_system(system: Any) -> None:
    for block in system if isinstance(system, list) else []:
        if not block["text"]:
            raise bad("system: text content blocks must be non-empty")


def check_results(messages: list[Body]) -> None:
    """Each tool_use is answered first thing in the very next message, once; nothing else is answered."""
    uses: list[str] = []
    seen: set[str] = set()
    for index, message in enumerate(messages):
        check_answered(index, uses, leading_results(message))
        check_expected(message, index, uses)
        uses = [block["id"] for block in blocks(message) if block["type"] == "tool_use"]
        if seen & set(uses) or len(set(uses)) < len(uses):
            raise bad(f"messages.{index}: `tool_use` ids must be unique")
        seen |= set(uses)
    check_answered(len(messages), uses, [])


def check_answered(index: int, uses: list[str], answered: list[str]) -> None:
    missing = [use for use in uses if use not in answered]
    if missing:
        raise bad(UNANSWERED.format(index=index - 1, ids=", ".join(missing)))


def check_expected(message: Body, index: int, uses: list[str]) -> None:
    results = [block["tool_use_id"] for block in blocks(message) if block["type"] == "tool_result"]
    for nth, result in enumerate(results):
        if result not in uses:
            raise bad(
                f"messages.{index}.content.{nth}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{result}. Each `tool_result` block must have a corresponding `tool_use` block in the previous "
                "message."
            )
        if result in results[:nth]:
            raise bad(
                f"messages.{index}.content.{nth}: each tool_use must have a single result. Found multiple "
                f"`tool_result` blocks with id: {result}"
            )


def leading_results(message: Body) -> list[str]:
    found: list[str] = []
    for block in blocks(message):
        if block["type"] != "tool_result":
            break
        found.append(block["tool_use_id"])
    return found


def blocks(message: Body) -> list[Body]:
    content = message["content"]
    return content if isinstance(content, list) else [{"type": "text", "text": content}] if content else []
