"""Money's way in and out, written by requests: held before, charged after.

admission        what is held before anything is sent, and given back where nothing was
settlement       what is charged after everything was read
entry            a settlement as it is written down, for the database, a checkpoint and the spool
rebill           what is given back where the model that served had no row yet
spool            settlements that wait for the database, on disk
quotes           what a request may cost
measure          how many tokens a prompt can be, and likely is
token_counting   counting tokens without asking anybody
attachments      the size of images, audio and documents in tokens
documents        the pages of a PDF, counted in a process of its own
pdf_reader       what runs in that process
fair             one turn at a time for each account
"""
