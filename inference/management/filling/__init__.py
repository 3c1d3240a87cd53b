"""A big database that is right: what `fill_books` writes, in minutes, so that pages and audits meet years of history.

samples  completions as they could have been, priced by the real formula
history  who did what when: balances run along, so that every row is what the ledger would have written
tables   how it comes into the database: COPY into tables whose indexes are built afterwards
"""
