"""How a model's tokens compare with o200k's, learned from what providers reported.

Two numbers per model: the bound of an admission is raised at once when a prompt exceeded it; the estimate of an
unreported usage follows slowly. Text only: media are counted by formula.
"""

import random
from typing import TYPE_CHECKING

from conway.common import database
from inference.billing import token_counting

if TYPE_CHECKING:
    from inference.completion.task import CompletionTask

SAMPLED = 0.05  # counting costs as much as the rest of a small request
LEAST_TOKENS = 200  # below, a template's own tokens outweigh the text's
MOST_PERCENT = 1000
SLOWNESS = 16  # one completion moves the estimate by a sixteenth of the way

LEARN = """
UPDATE inference_chatmodel
SET bound_percent = greatest(bound_percent, least(%(seen)s, %(most)s)),
    estimate_percent = greatest(50, estimate_percent + (least(%(seen)s, %(most)s) - estimate_percent) / %(slowness)s)
WHERE name = %(model)s"""


async def learn(exchange: "CompletionTask") -> None:
    """After the answer: from a prompt beyond its bound always, from others now and then."""
    usage, request, listing = exchange.facts.usage, exchange.rendered.request, exchange.listing
    if exchange.fault or usage is None or usage.doubtful or token_counting.has_media(request):
        return
    is_beyond = usage.prompt_tokens > exchange.prompt_bound
    if not is_beyond and random.random() > SAMPLED:
        return
    counted = token_counting.count("\n".join(token_counting.texts(request)))
    if counted >= LEAST_TOKENS:
        seen = -(-usage.prompt_tokens * 100 // counted)
        await database.execute(LEARN, {"seen": seen, "most": MOST_PERCENT, "slowness": SLOWNESS, "model": listing.name})
