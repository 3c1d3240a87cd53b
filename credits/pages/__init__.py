"""The browser's side of the books.

overview   balance, spend by day, how to get credits
history    what came and went
filters    by days, model, key and kind
export     the same as CSV, in pieces
spend      any days, by model or key, by day, week or month
statements a month from opening to closing balance, to print
notifications   what somebody is told, and where
socket     the WebSocket that tells an open page of a change
"""
