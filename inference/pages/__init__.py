"""The browser's side of inference: what is offered, keys to use it with, a place to try it, receipts, the docs."""
