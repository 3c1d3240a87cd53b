"""The browser's side of the books.

overview   balance, spend by day, how to get credits
history    what came and went
filters    by days, model, key and kind
export     the same as CSV, in pieces
socket     the WebSocket that tells an open page of a change
"""
