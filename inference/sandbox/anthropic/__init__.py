"""Anthropic's Messages API, version 2023-06-01.

fields           what a request is made of
rules            what no single field can tell
message_rules    the rules of the conversation
thinking         when it may think, and proof that thoughts sent back are its own
own_tools        tools that Anthropic defines: what their models know of them
schemas          tools, and the subset of JSON Schema it holds itself to
own_tools        tools that Anthropic defines, of which no request has a schema
conversation     a request in plain words
models           the models served, and what each takes
blocks           a reply as content blocks
wire             how it answers: JSON, named events, errors
error_messages   its sentences for what a rule found
"""
