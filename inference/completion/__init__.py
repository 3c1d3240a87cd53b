"""The life of one completion, from the caller's headers to the settlement. Whoever reads one folder reads this one.

handler      authenticate, read, route, render, admit, run, answer
routing      which model, at which price, what its headers ask
state        one completion under way: what was asked, what came of it, what follows
task         the task that reads the provider, whatever becomes of the client, and settles
outcome      how it ended, on which numbers, at which price
response     OpenAI's JSON and chunks
channel      bytes to the client, bounded
errors       every failure as the caller sees it
estimate     the same way, asked only
background   heartbeats, checkpoints, recovery of what dead processes left
"""
