"""The floor under all apps: it knows Django, the frameworks and PostgreSQL, and none of the apps.

clock               moments and days, by the database's clock
database            the asynchronous connection pool of the inference path
database_roles      in which PostgreSQL role a process works, with which rights
lending             Django's connections are given back while others are waited for
errors              the one shape of every error under /v1
error_pages         Django's own error views in that shape
middleware          a request id on every answer
keyset_pagination   admin lists of any length, with sums, as CSV too
csv_export          CSV in pieces
logs                lines of the log, as text or JSON
metrics             counters and histograms, added up over the workers
tracing             spans of requests, where they are wanted
open_telemetry      the SDK that makes and sends them, imported only then
outgoing            POSTs to addresses that strangers named
public_addresses    where strangers may have us connect
durable             a file's name, on the disk before it is relied on
json_text           JSON from our own values, written quickly
commands            what our commands share: their checks of the settings
generics            Django's classes that take a type parameter
versions            forms that refuse to save over somebody else's change
dollars             amounts as people type them
shown_once          a secret on its way to the one page that shows it
outbox              mail, after the answer
rest/               REST framework in that shape
"""
