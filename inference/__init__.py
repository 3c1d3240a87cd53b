"""What they ask. Each room says in its own docstring what it holds.

api/         the HTTP surface                         completion/  the life of one completion
billing/     holds before, settlements after          reporting/   the same money, read only
catalog/     what is offered, at which price          upstream/    the wire to the providers
dialects/    four languages                           chat/        the neutral form between them
pages/       the browser's side                       admin/       staff's side
sandbox/     five providers simulated                 sse.py       events on the wire
models.py    the tables                               metrics.py   what is counted of completions
"""
