"""Prompt caching by marks: written once, then read."""

from typing import Any

from tests.inference.sandbox.upstream import Upstream, says


def system(*blocks: tuple[int, str | None]) -> list[dict[str, Any]]:
    """Blocks of so many tokens with a mark of that life, or none."""
    marks = [{"cache_control": {"type": "ephemeral", "ttl": ttl}} if ttl else {} for _, ttl in blocks]
    return [
        {"type": "text", "text": f"word{nth} " * size, **mark}
        for nth, ((size, _), mark) in enumerate(zip(blocks, marks, strict=True))
    ]


def usage(upstream: Upstream, blocks: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    reply = upstream.post("anthropic", says("anthropic", "hello", system=blocks, **more))
    found: dict[str, Any] = reply.json()["usage"]
    return found


def test_a_marked_prefix_is_written_first_and_read_then(upstream: Upstream) -> None:
    blocks = system((2000, "5m"), (10, None))
    first, second = usage(upstream, blocks), usage(upstream, blocks)
    assert (first["cache_creation_input_tokens"], first["cache_read_input_tokens"], first["input_tokens"]) == (
        2000,
        0,
        11,
    )
    assert (second["cache_creation_input_tokens"], second["cache_read_input_tokens"], second["input_tokens"]) == (
        0,
        2000,
        11,
    )


def test_writes_are_split_by_their_life(upstream: Upstream) -> None:
    found = usage(upstream, system((1500, "1h"), (300, "5m"), (10, None)))
    assert found["cache_creation"] == {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 1500}
    assert upstream.meter()[-1]["usage"] == {"input": 11, "cached": 0, "write_5m": 300, "write_1h": 1500, "output": 12}


def test_a_longer_prompt_reads_what_it_shares_and_writes_the_rest(upstream: Upstream) -> None:
    usage(upstream, system((2000, "5m")))
    found = usage(upstream, system((2000, None), (500, "5m")))
    assert (found["cache_read_input_tokens"], found["cache_creation_input_tokens"]) == (2000, 500)


def test_a_short_prefix_is_not_cached(upstream: Upstream) -> None:
    assert usage(upstream, system((1000, "5m")))["cache_creation_input_tokens"] == 0
    assert usage(upstream, system((2000, "5m")), model="claude-haiku-4-5")["cache_creation_input_tokens"] == 0


def test_models_do_not_share(upstream: Upstream) -> None:
    blocks = system((5000, "5m"))
    usage(upstream, blocks)
    assert usage(upstream, blocks, model="claude-haiku-4-5")["cache_read_input_tokens"] == 0


def test_a_failed_request_leaves_nothing_behind(upstream: Upstream) -> None:
    body = says("anthropic", "hello [[status=529 once]]", system=system((2000, "5m")))
    assert upstream.post("anthropic", body).status_code == 529
    assert upstream.post("anthropic", body).json()["usage"]["cache_read_input_tokens"] == 0


def test_qwen_counts_writes_and_reads_inside_its_prompt(upstream: Upstream) -> None:
    part = {"type": "text", "text": "word " * 2000, "cache_control": {"type": "ephemeral"}}
    body = says("qwen", "x") | {
        "messages": [{"role": "system", "content": [part]}, {"role": "user", "content": "hello"}]
    }
    first, second = (upstream.post("qwen", body).json()["usage"] for _ in range(2))
    assert first["prompt_tokens"] == second["prompt_tokens"] == 2001
    assert first["prompt_tokens_details"]["cache_creation_input_tokens"] == 2000
    assert second["prompt_tokens_details"]["cached_tokens"] == 2000
