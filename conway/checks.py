"""Settings that cannot work, said before they hurt. `check --deploy` adds those that only an operator can judge."""

import ipaddress
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import NotSupportedError, connections

SECONDS = (
    *("CONWAY_DRAIN_SECONDS", "CONWAY_STALL_SECONDS", "CONWAY_STOP_SECONDS", "CONWAY_SETTLE_SECONDS"),
    *("CONWAY_HEADERS_SECONDS", "CONWAY_REQUEST_SECONDS"),
)
BYTES = ("CONWAY_MAX_BODY_BYTES", "CONWAY_PAGE_BODY_BYTES", "CONWAY_BODIES_BYTES")
COUNTS = ("CONWAY_CONNECTIONS", "CONWAY_CONNECTIONS_PER_ADDRESS")
LEAST_STUCK_SECONDS = 3  # a worker says that it lives once a second


@register(Tags.database)
def postgresql_is_new_enough(databases: Sequence[str] | None = None, **kwargs: Any) -> Iterator[CheckMessage]:
    for alias in databases or ():
        try:
            connections[alias].ensure_connection()
        except NotSupportedError as error:
            yield Error(str(error), hint="Point DATABASE_URL to a newer server, or unset it.", id="conway.E001")


@register
def embedded_postgresql_can_run(**kwargs: Any) -> Iterator[CheckMessage]:
    if settings.EMBEDDED_POSTGRESQL and os.geteuid() == 0 and not shutil.which("setpriv"):
        hint = "Install util-linux, run as an ordinary user, or set DATABASE_URL."
        yield Error("The embedded PostgreSQL needs setpriv to run as root.", hint=hint, id="conway.E002")


@register
def upstreams_are_addresses(**kwargs: Any) -> Iterator[CheckMessage]:
    for name, provider in settings.PROVIDERS.items():
        if not provider["base_url"].startswith(("http://", "https://")):
            message = f"The base URL of {name} is no http(s) address: {provider['base_url']!r}"
            yield Error(message, hint="It looks like https://api.example.com/v1", id="conway.E003")


@register
def times_and_sizes_are_positive(**kwargs: Any) -> Iterable[CheckMessage]:
    for name in (*SECONDS, "EMAIL_TIMEOUT", *BYTES, *COUNTS):
        if getattr(settings, name) <= 0:
            yield Error(f"{name} must be more than 0.", hint="Unset it for the default.", id="conway.E004")


@register
def one_body_fits_among_all(**kwargs: Any) -> Iterator[CheckMessage]:
    if settings.CONWAY_BODIES_BYTES < settings.CONWAY_MAX_BODY_BYTES:
        hint = "Raise it, or lower CONWAY_MAX_BODY_BYTES."
        yield Error("CONWAY_BODIES_BYTES is less than one body may have.", hint=hint, id="conway.E005")


@register
def nobody_is_taken_for_stuck_too_soon(**kwargs: Any) -> Iterator[CheckMessage]:
    if 0 != settings.CONWAY_STUCK_SECONDS < LEAST_STUCK_SECONDS:
        message = f"CONWAY_STUCK_SECONDS must be at least {LEAST_STUCK_SECONDS}, or 0 for never."
        yield Error(message, hint="Unset it for the default.", id="conway.E006")


@register
def proxies_are_networks(**kwargs: Any) -> Iterator[CheckMessage]:
    for proxy in settings.CONWAY_TRUSTED_PROXIES:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            message = f"CONWAY_TRUSTED_PROXIES: {proxy!r} is no address or network."
            yield Error(message, hint="It looks like 10.0.0.0/8", id="conway.E007")


@register
def pages_of_others_have_origins(**kwargs: Any) -> Iterator[CheckMessage]:
    for origin in settings.CONWAY_CORS_ORIGINS:
        if not re.fullmatch(r"https?://[^/\s]+", origin) or origin != origin.lower():
            message = f"CONWAY_CORS_ORIGINS: {origin!r} is no origin."
            yield Error(message, hint="It looks like https://app.example.com, as a browser says it.", id="conway.E008")


@register(deploy=True)
def debug_is_off(**kwargs: Any) -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield Warning("DEBUG is on.", hint="Its error pages show code and settings to everybody.", id="conway.W001")


@register(deploy=True)
def something_can_answer(**kwargs: Any) -> Iterator[CheckMessage]:
    if not settings.CONWAY_SANDBOX and not any(provider["api_key"] for provider in settings.PROVIDERS.values()):
        hint = "Set OPENAI_API_KEY or another, or CONWAY_SANDBOX=1 to try it without one."
        yield Warning("No provider has a key: every model answers 503.", hint=hint, id="conway.W002")


@register(deploy=True)
def the_application_owns_no_table(**kwargs: Any) -> Iterator[CheckMessage]:
    if settings.OWNER_DATABASE["USER"] == settings.APPLICATION_ROLE:
        hint = "Give it a role of its own, and CONWAY_MIGRATION_DATABASE_URL the owner's: docs/operations.md."
        yield Warning("The application may rewrite what is booked: it owns its tables.", hint=hint, id="conway.W004")


@register(deploy=True)
def the_sandbox_is_wanted(**kwargs: Any) -> Iterator[CheckMessage]:
    keys = [f"{prefix}_API_KEY" for prefix, *_ in settings.PROVIDER_DEFAULTS.values()]
    unused = [key for key in keys if os.environ.get(key)]
    if settings.CONWAY_SANDBOX and unused:
        hint = "Unset CONWAY_SANDBOX to reach the providers."
        yield Warning(f"The sandbox answers although {', '.join(unused)} is set.", hint=hint, id="conway.W003")
