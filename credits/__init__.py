"""What they own: prepaid credit, and the books of it.

models               accounts, transactions, holds, use of keys, top-up requests
ledger/              the only writer of these
posting_forms        what staff fill in to move money
audit                checks the books
history              an account's transactions, filtered, a page at a time
history_facets       which models and keys a history knows
figures              what they come to, in the words that every page uses
keeping              days that are over, summed up before anybody asks
statements           a month of one account
close                a month of all accounts, closed by staff
spend                what an account spent, by day and model
chart                the same as a bar chart
key_use              what keys have spent and hold
notices              a low balance, a key at its limit, a week: told by itself
webhooks             what happens, told to customers' servers
page_notifications   tells open pages that a user's credit changed
api/                 /v1/credits
pages/               the browser's side
admin/               staff's side
"""
