"""What is to be reached, and whether it was: docs/performance.md has the table of a whole run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    figure: str  # what of the figures is held against it
    text: str
    most: float | None = None
    least: float | None = None

    def is_held(self, measured: float) -> bool:
        return (self.most is None or measured <= self.most) and (self.least is None or measured >= self.least)

    @property
    def bound(self) -> str:
        return f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}"


GOALS = (
    Goal("json/Portkey", "JSON, our CPU to Portkey's", most=0.70),
    Goal("stream/Portkey", "100 chunks at once, our CPU to Portkey's", most=0.50),
    Goal("paced/Portkey", "50 chunks 20 ms apart, our CPU to Portkey's", most=0.55),
    Goal("json/LiteLLM", "JSON, our CPU to LiteLLM's", most=0.10),
    Goal("stream/LiteLLM", "100 chunks at once, our CPU to LiteLLM's", most=0.02),
    Goal("paced/LiteLLM", "50 chunks 20 ms apart, our CPU to LiteLLM's", most=0.07),
    Goal("json together/Portkey", "JSON, ours and PostgreSQL's to Portkey's", most=1.0),
    Goal("one/json", "one account to 16, ours and PostgreSQL's", most=1.25),
    Goal("first byte of a stream, p50 ms", "added to a stream's first byte, unloaded, median ms", most=2.5),
    Goal("first byte of a stream, p99 ms", "the same, 99 per cent", most=8),
    Goal("first byte of JSON, p50 ms", "added to JSON's first byte, unloaded, median ms", most=3.5),
    Goal("open-1000 complete", "1,000 open streams: complete", least=1_000),
    Goal("open-1000 late p99 ms", "1,000 open streams: a chunk's lateness, p99 ms", most=150),
    Goal("open-1000 KB", "1,000 open streams: KB each", most=45),
    Goal("open-5000 complete", "5,000 open streams: complete", least=5_000),
    Goal("claude-stream/stream", "Claude's stream to OpenAI's", most=1.3),
    Goal("gemini-stream/stream", "Gemini's stream to OpenAI's", most=1.3),
    Goal("codex-stream/stream", "OpenAI's Responses stream to its chat stream", most=1.3),
    Goal("responses/json", "Responses to chat, JSON", most=1.1),
    Goal("responses-stream/stream", "Responses to chat, 100 chunks at once", most=1.1),
    Goal("responses-paced/paced", "Responses to chat, 50 chunks 20 ms apart", most=1.1),
    Goal("messages/json", "Messages to chat, JSON", most=1.1),
    Goal("messages-stream/stream", "Messages to chat, 100 chunks at once", most=1.1),
    Goal("messages-paced/paced", "Messages to chat, 50 chunks 20 ms apart", most=1.1),
    Goal("filled/empty", "a filled ledger to an empty one: admission and settlement", most=1.10),
    Goal("soak memory", "soak: memory at its end to after the first minute", most=1.05, least=0.95),
    Goal("soak sockets", "soak: sockets more than after the first minute", most=0),
    Goal("soak connections", "soak: connections to PostgreSQL more than after the first minute", most=0),
    Goal("soak tasks", "soak: tasks more than after the first minute", most=0),
)


def judged(figures: Mapping[str, float]) -> Iterator[tuple[str, str, str, str]]:
    """Goal, bound, measured, and whether it is held, of what was measured."""
    for goal in GOALS:
        if (measured := figures.get(goal.figure)) is not None:
            yield goal.text, goal.bound, f"{measured:.3g}", "yes" if goal.is_held(measured) else "NO"
