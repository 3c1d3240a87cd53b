"""Wiring only: this connects the three apps to Django, PostgreSQL and the network, and knows no rule of theirs.

settings    every setting, read from the environment once
urls, asgi  which address goes where, and what a worker begins and ends with
server      a worker: Daphne with backpressure and a gentle stop; connection is its request
workers     their parent: kept keeps a process alive, sandbox is the simulator beside them
embedded    a PostgreSQL of our own, for who has none; postgresql/ is the database backend that starts it
checks      settings that cannot work, said before they hurt
"""
