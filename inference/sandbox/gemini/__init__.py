"""Google's generateContent.

fields           what a request is made of
names            every field under its two names
rules            what no single field can tell
schemas          its two schema languages
signatures       of thoughts, which it wants back
conversation     a request in plain words
models           the models served, and what each takes
parts            a reply as the parts of a candidate
wire             how it answers: candidates of parts, whole or in chunks
error_messages   its sentences for what a rule found
"""
