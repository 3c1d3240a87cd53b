"""Staff's side of inference: what was sold, at which price, and what is offered.

completions   every completion, read-only; each opens its receipt, with what the provider took
rebill        completions recomputed at another model's price, and the difference refunded
filters       what completions are filtered by
models        the catalogue: where a model goes, whether it is on, what it takes
prices        added ahead of time, withdrawn until they start, never edited
price_form    one field for each bucket and tier
incidents     refunds of everything that went wrong in a window
find          one box for whatever staff have at hand
refusals      how often callers were refused, by hour
"""

from inference.admin import completions, models, prices, refusals
