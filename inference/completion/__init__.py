"""The life of one completion, from the caller's headers to the settlement. Whoever reads one folder reads this one.

handler        authenticate, read, route, render, admit, run, answer
headers        what a caller's headers ask, what ours tell
concurrency    how many completions of an account and a key run here
prechecks      what is looked at before a large body is read
preparing      from a body to what is sent and what it may cost
process_pool   processes for bodies that would hold the event loop
pickles        what travels between them
routing        which model, at which price, may this caller
state          one completion under way: what was asked, what came of it, what follows
task           runs on whatever becomes of the client: has the provider read, and settles
provider_call  asks the provider, again where it may be, and reads its answer
attempts       how often a provider is asked, and when not again
delivery       the reply on its way to the client: gathered, written in its format, ended
outcome        how it ended, on which numbers, at which price
answers        a status, headers, and a body that is whole or comes in pieces
channel        bytes to the client, bounded
refusals       how often callers were refused, by hour
errors         every failure as the caller sees it
estimate       the same way, asked only
pace           how often an account may ask for what costs it nothing
background     a serving process's loops: heartbeats, checkpoints, recovery
report         what operators are told of each answer: a count and a line of the log
traces         and, where they are wanted, spans of the request and of each call of its provider
recovery       the replay of spools, the settlement of lost holds
"""
