"""What they ask: a completion's way, file by file.

lean.py        the edge: bytes in, bytes out, no middleware          api.py       models, receipts, estimates
(django-ninja)
relay.py       the story of one completion                           estimate.py  what would it cost
routing.py     where a request goes                                  receipts.py  what did it cost
errors.py      every failure, as the caller sees it                  openapi.py   the documents' longer parts
billing.py     admit and settle                                      upstream.py  the wire to the providers
catalog.py     which model, at which price, by which provider        models.py    its tables
providers.py   five houses                                           dialects/    four languages
pricing.py     tokens → dollars → cents                              chat/        the neutral form between them
usage.py       tokens in buckets                                     sse.py       events on the wire
content_encoding.py   bodies that come compressed
"""
