"""Settings that cannot work, said before they hurt. `check --deploy` adds those that only an operator can judge."""

import ipaddress
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any

import httpx2 as httpx
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import NotSupportedError, connections

from accounts import mail
from conway.common.commands import SETTINGS

SMTP = "django.core.mail.backends.smtp.EmailBackend"
NO_MAIL = ("accounts.mail.Nowhere", "django.core.mail.backends.dummy.EmailBackend")
TRACING = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
LEAST_STUCK_SECONDS = 3  # a worker says that it lives once a second


@register(Tags.database)
def postgresql_is_new_enough(databases: Sequence[str] | None = None, **kwargs: Any) -> Iterator[CheckMessage]:
    for alias in databases or ():
        try:
            connections[alias].ensure_connection()
        except NotSupportedError as error:
            yield Error(str(error), hint="Point DATABASE_URL to a newer server, or unset it.", id="conway.E001")


@register(SETTINGS)
def embedded_postgresql_can_run(**kwargs: Any) -> Iterator[CheckMessage]:
    if settings.EMBEDDED_POSTGRESQL and os.geteuid() == 0 and not shutil.which("setpriv"):
        hint = "Install util-linux, run as an ordinary user, or set DATABASE_URL."
        yield Error("The embedded PostgreSQL needs setpriv to run as root.", hint=hint, id="conway.E002")


@register(SETTINGS)
def upstreams_are_addresses(**kwargs: Any) -> Iterator[CheckMessage]:
    for name, provider in settings.PROVIDERS.items():
        if not is_address(provider["base_url"]):
            message = f"The base URL of {name} is no http(s) address: {provider['base_url']!r}"
            yield Error(message, hint="It looks like https://api.example.com/v1", id="conway.E003")


def is_address(url: str) -> bool:
    """One that paths can be appended to."""
    try:
        parsed = httpx.URL(url)
        parsed.raw_host.decode().encode("idna")
    except (httpx.InvalidURL, UnicodeError):
        return False
    is_plain = bool(parsed.raw_host) and b"%" not in parsed.raw_host and (parsed.port or 0) < 2**16
    return parsed.scheme in ("http", "https") and is_plain and not (parsed.query or parsed.fragment)


@register(SETTINGS)
def one_body_fits_among_all(**kwargs: Any) -> Iterator[CheckMessage]:
    if settings.CONWAY_BODIES_BYTES < settings.CONWAY_MAX_BODY_BYTES:
        hint = "Raise it, or lower CONWAY_MAX_BODY_BYTES."
        yield Error("CONWAY_BODIES_BYTES is less than one body may have.", hint=hint, id="conway.E005")


@register(SETTINGS)
def nobody_is_taken_for_stuck_too_soon(**kwargs: Any) -> Iterator[CheckMessage]:
    if 0 != settings.CONWAY_STUCK_SECONDS < LEAST_STUCK_SECONDS:
        message = f"CONWAY_STUCK_SECONDS must be at least {LEAST_STUCK_SECONDS}, or 0 for never."
        yield Error(message, hint="Unset it for the default.", id="conway.E006")


@register(SETTINGS)
def proxies_are_networks(**kwargs: Any) -> Iterator[CheckMessage]:
    for proxy in settings.CONWAY_TRUSTED_PROXIES:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            message = f"CONWAY_TRUSTED_PROXIES: {proxy!r} is no address or network."
            yield Error(message, hint="It looks like 10.0.0.0/8", id="conway.E007")


@register(SETTINGS)
def pages_of_others_have_origins(**kwargs: Any) -> Iterator[CheckMessage]:
    for origin in settings.CONWAY_CORS_ORIGINS:
        if not re.fullmatch(r"https?://[^/\s]+", origin) or origin != origin.lower():
            message = f"CONWAY_CORS_ORIGINS: {origin!r} is no origin."
            yield Error(message, hint="It looks like https://app.example.com, as a browser says it.", id="conway.E008")


@register(SETTINGS)
def traces_can_be_sent(**kwargs: Any) -> Iterator[CheckMessage]:
    if not (endpoint := settings.OTEL_EXPORTER_OTLP_ENDPOINT):
        return
    if not endpoint.startswith(("http://", "https://")):
        message = f"OTEL_EXPORTER_OTLP_ENDPOINT is no http(s) address: {endpoint!r}"
        yield Error(message, hint="It looks like http://127.0.0.1:4318", id="conway.E014")
    if any(not is_installed(module) for module in TRACING):
        hint = "pip install --require-hashes -r requirements-tracing.txt, or unset it."
        message = "OTEL_EXPORTER_OTLP_ENDPOINT is set, and OpenTelemetry is not installed."
        yield Error(message, hint=hint, id="conway.E015")


def is_installed(module: str) -> bool:
    """Without importing it, but the packages it is in."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


# Without these a service cannot be run for others: people locked out, signed out, or their links read in a log.


@register(deploy=True)
def mail_reaches_mailboxes(**kwargs: Any) -> Iterator[CheckMessage]:
    hint = "Set EMAIL_HOST (and EMAIL_USE_SSL or EMAIL_USE_TLS); then try `manage.py sendtestemail you@example.com`."
    if mail.is_written_to_log():
        yield Error("Links that sign people in would be written to the log.", hint=hint, id="conway.E010")
    elif settings.EMAIL_DELIVERED_BY in NO_MAIL or (settings.EMAIL_DELIVERED_BY == SMTP and not settings.EMAIL_HOST):
        message = "No mail is sent: nobody can prove an address or set a forgotten password."
        yield Error(message, hint=hint, id="conway.E009")


@register(deploy=True)
def the_secret_is_shared(**kwargs: Any) -> Iterator[CheckMessage]:
    if settings.DATABASE_URL and settings.SECRET_KEY_IS_DRAWN:
        message = "DATABASE_URL is set and SECRET_KEY is not: each machine would draw its own, and sign out the others."
        yield Error(message, hint="Set SECRET_KEY, the same everywhere.", id="conway.E011")


@register(deploy=True)
def workers_hear_each_other(**kwargs: Any) -> Iterator[CheckMessage]:
    if settings.CONWAY_WORKERS > 1 and not settings.REDIS_URL:
        message = "Several workers and no Redis: a page sees only what its own worker does."
        yield Error(message, hint="Set REDIS_URL, or CONWAY_WORKERS=1.", id="conway.E012")


@register(deploy=True)
def hosts_are_named(**kwargs: Any) -> Iterator[CheckMessage]:
    if set(settings.ALLOWED_HOSTS) <= set(settings.LOCAL_HOSTS):
        hint = "Set ALLOWED_HOSTS to the names people reach this service by."
        yield Error("ALLOWED_HOSTS names this machine alone.", hint=hint, id="conway.E013")


@register(deploy=True)
def staff_show_a_second_factor(**kwargs: Any) -> Iterator[CheckMessage]:
    if not settings.CONWAY_STAFF_SECOND_FACTOR and not settings.CONWAY_SANDBOX:
        message = "Who learns a password of staff may book money: no second factor is asked for."
        yield Warning(message, hint="Unset CONWAY_STAFF_SECOND_FACTOR.", id="conway.W005")


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
    keys = [f"{prefix}_API_KEY" for prefix, _ in settings.PROVIDER_DEFAULTS.values()]
    unused = [key for key in keys if os.environ.get(key) or os.environ.get(f"{key}_FILE")]
    if settings.CONWAY_SANDBOX and unused:
        hint = "Unset CONWAY_SANDBOX to reach the providers."
        yield Warning(f"The sandbox answers although {', '.join(unused)} is set.", hint=hint, id="conway.W003")
