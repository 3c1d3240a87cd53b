"""What a completion costs this server: `make bench`, or `python -m bench --help`.

kinds.py        the kinds of load there are
stage.py        a database, accounts, a gateway: what is measured, and where
peers.py        Portkey and LiteLLM, before the same upstream
upstream.py     a provider that answers at once and costs next to nothing; replies.py: what it says, in four languages
load.py         clients that ask again as soon as they are answered
rounds.py       one kind of load on one stage, or on several in turns
unloaded.py     what a first byte waits longer for than at the upstream itself
openstreams.py  many streams open at once
processes.py    CPU, memory and sockets of a tree of processes
soak.py         minute after minute: whether anything grows
goals.py        what is to be reached, and whether it was
bare.py         an ASGI function that does nothing, on the same server: the machine's own speed
wire.py         the way to a provider alone, in process: `python -m bench.wire`
ledger.py       admission and settlement without a server
pages.py        every page on a big database
every_page.py   which pages there are, and in which ways
visitor.py      who asks for them, and what they know

Loopback only. CPU per request is steadier than requests per second on a machine that does other things, too; the bare
function's number says how fast the machine was in that minute.
"""
