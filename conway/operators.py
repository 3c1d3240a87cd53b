"""Who asks on the operator's behalf: a load balancer sees a status, who holds the token sees why."""

import hmac
import ipaddress

from django.conf import settings

from conway import cors
from inference.api.asgi import Scope

FORWARDED = (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via")


def holds_token(scope: Scope) -> bool:
    """`Authorization: Bearer CONWAY_OPERATIONS_TOKEN`; where none is set, nobody does."""
    token = settings.CONWAY_OPERATIONS_TOKEN
    credentials = cors.header(scope["headers"], b"authorization") or b""
    return bool(token) and hmac.compare_digest(credentials, f"Bearer {token}".encode())


def may_scrape(scope: Scope) -> bool:
    """The token, where one is set. Else whoever is on this machine; behind a proxy everybody seems to be, so nobody."""
    if settings.CONWAY_OPERATIONS_TOKEN:
        return holds_token(scope)
    forwarded = any(cors.header(scope["headers"], name) for name in FORWARDED)
    return not (settings.SECURE_PROXY_SSL_HEADER or forwarded) and is_loopback((scope.get("client") or ("",))[0])


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
