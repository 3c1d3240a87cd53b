"""Wiring only: this connects the three apps to Django, PostgreSQL and the network, and knows no rule of theirs.

settings    every setting, read from the environment once
urls, asgi  which address goes where; lean is the short way for completions
server      Daphne with backpressure, a gentle stop and several workers
embedded    a PostgreSQL of our own, for who has none; postgresql/ is the database backend that starts it
checks      settings that cannot work, said before they hurt
"""
