"""Staff read the books here; what moves money goes through credits/posting_forms.py, and from there through the ledger.

accounts        credit accounts
transactions    the ledger
books           holds and audits
closes          the month's close
posting_views   top up, adjust, refund: a form, before and after, booked
requests        what waits for a second person, and their decision
ceilings        what one member of staff may book alone
actions         everything staff did, from wherever it is recorded
lists           read-only lists of any length, and what is searched in them
filters         by days, by what a charge was for
detail_facets   which models and providers charges name
funding         how to get credits, as the overview says it
"""

from django.contrib import admin

from credits.admin import accounts, actions, books, ceilings, closes, funding, requests, transactions

admin.site.enable_nav_sidebar = False  # tables need the width
admin.site.index_title = "Overview"
admin.site.site_header = admin.site.site_title = "Conway staff admin"
