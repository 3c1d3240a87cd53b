"""Wiring only: this connects the three apps to Django, PostgreSQL and the network, and knows no rule of theirs.

variables           every environment variable, its type, default and what it does
environment         the variables read, or everything that is wrong with them said
settings            Django's settings, made of them
settings_documents  docs/settings.md and .env.example, made of them
urls                which address goes to which page
asgi                which connection goes where, and what a worker begins and ends with
server              a worker: Daphne with backpressure and a gentle stop
connections         a worker's connections, who gets one and who makes room
http_connection     one of them, how long it may take and how it ends
transport           its socket, written to once a turn of the event loop
framing             where its requests end
handshake           which requests open a WebSocket
seats               how many connections
request             one request on it
body                what waits of it for the application
budget              how much that may be in all
cors                which pages of other origins may read the API
page_headers        what browsers are told about our pages
pages_handler       everything but completions: Django, which keeps no database connection for a slow reader
health              /healthz and /readyz
operators           who asks on the operator's behalf
monitoring          what a worker measures of itself, and /metrics
metrics_folder      where its counts lie
alerts/             what staff must know, told once when it begins
models              the table of alerts
admin               the same in the staff admin
handover            the listening socket, passed to the next release
readiness_notice    tells systemd when the service is ready
workers             the parent of the workers
supervisor          keeps a process alive
pulse               tells whether it still answers
sandbox_process     the simulator of providers, started beside the workers
demo                what a first look needs: a user with credit, a key, a member of staff
embedded            a PostgreSQL of our own, for who has none
embedded_keeper     runs it, whoever came first
unprivileged        as which user, for PostgreSQL refuses root
private_folders     whose folders are
postgresql/         the database backend that starts it, and shares connections between pages and API
chosen_database     which database a command works on
checks              settings that cannot work, reported before they hurt
common/             the floor under all apps
"""
