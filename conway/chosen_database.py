"""Which database this process works on: commands say it, and one that nobody chose is refused.

With DATABASE_URL lost from the environment, a command would otherwise look into the embedded database, find it in order
and say so, or issue a key that no server knows.
"""

from typing import Any, TextIO

from django.conf import settings
from django.core.management import CommandError

_listener: TextIO | None = None


class NobodyChose(CommandError):
    """The embedded database would be used, and nothing says that it is meant."""


def announce_to(listener: TextIO) -> None:
    """The first connection's database is said there, once, before anything is done with it."""
    global _listener
    _listener = listener


def announce(database: dict[str, Any]) -> None:
    global _listener
    if _listener is not None:
        _listener.write(f"Database: {described(database)}\n")
        _listener.flush()
        _listener = None


def described(database: dict[str, Any]) -> str:
    """Without its password."""
    name, role = database["NAME"] or "(the role's own)", database["USER"] or "the system's user"
    if settings.EMBEDDED_POSTGRESQL:
        return f"{name}, embedded in {settings.EMBEDDED_POSTGRESQL}, as {role}"
    host = database["HOST"] or database["OPTIONS"].get("service") or "the local socket"
    return f"{name} at {host}{':' if database['PORT'] else ''}{database['PORT']}, as {role}"


def refuse_what_nobody_chose() -> None:
    if settings.EMBEDDED_POSTGRESQL is None or settings.EMBEDDED_IS_MEANT or settings.CONWAY_SANDBOX:
        return
    if reason := looks_like_production():
        raise NobodyChose(
            f"DATABASE_URL is not set although {reason}. Set it to the address of the database you mean, or to"
            " `embedded` if you mean the one in CONWAY_DATA_DIR."
        )


def looks_like_production() -> str:
    """Why the embedded database may not be the one that is meant; nothing if it may."""
    if any(provider["api_key"] and not provider["sandbox"] for provider in settings.PROVIDERS.values()):
        return "a provider has a key"
    return "" if settings.DEBUG else "DEBUG is off"
