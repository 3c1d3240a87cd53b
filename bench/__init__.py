"""What a completion costs this server: `make bench`, or `python -m bench --help`.

upstream.py   a provider that answers at once and costs next to nothing
load.py       clients that ask again as soon as they are answered
processes.py  CPU and memory of a tree of processes
stage.py      a database, accounts, a gateway: what is measured, and where
bare.py       an ASGI function that does nothing, on the same server: the machine's own speed

Loopback only. CPU per request is steadier than requests per second on a machine that does other things, too; the bare
function's number says how fast the machine was in that minute.
"""
