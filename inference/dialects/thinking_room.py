"""How much of a limit thinking may take: thoughts count as output, and an answer needs room too."""

LEAST_ANSWER_TOKENS = 1024
ANSWER_SHARE = 5  # a fifth of the limit


def room(max_tokens: int) -> int:
    """Tokens that thinking may take at most, 0 where there is no room for both."""
    return max(0, max_tokens - max(LEAST_ANSWER_TOKENS, -(-max_tokens // ANSWER_SHARE)))
