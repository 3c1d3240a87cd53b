"""Wiring only: this connects the three apps to Django, PostgreSQL and the network, and knows no rule of theirs.

settings    every setting, read from the environment once
urls, asgi  which address goes where, and what a worker begins and ends with
server      a worker: Daphne with backpressure and a gentle stop
connection  one of its clients', how long it may take and how it ends; framing: where its requests end; seats: how many
request     one request on it; body: what waits of it for the application; budget: how much that may be in all
cors        which pages of other origins may read the API
workers     their parent: kept keeps a process alive, pulse tells whether it still answers, sandbox is the simulator
embedded    a PostgreSQL of our own, for who has none; postgresql/ is the database backend that starts it
checks      settings that cannot work, said before they hurt
"""
