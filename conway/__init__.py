"""Wiring only: this connects the three apps to Django, PostgreSQL and the network, and knows no rule of theirs.

settings    every setting, read from the environment once
urls, asgi  which address goes where, and what a worker begins and ends with
server      a worker: Daphne with backpressure and a gentle stop
http_connection  a client's connection, how long it may take and how it ends; framing: where its requests end;
            seats: how many connections
request     one request on it; body: what waits of it for the application; budget: how much that may be in all
cors        which pages of other origins may read the API
workers     their parent: supervisor keeps a process alive, pulse tells whether it still answers, sandbox_process is
            the simulator
pages_handler  everything but completions: Django, which keeps no connection to the database for a slow reader
embedded    a PostgreSQL of our own, for who has none; postgresql/ is the database backend that starts it, and shares
            connections between pages and API. embedded_keeper runs it, with the help of unprivileged (what it may do)
            and private_folders (whose folders are)
chosen_database  which database a command works on: said, and refused where nobody chose it
checks      settings that cannot work, said before they hurt
"""
