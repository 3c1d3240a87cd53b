"""Where a request comes from. Behind a proxy the connection is the proxy's, and X-Forwarded-For names the client.

Anybody may send that header: only what trusted proxies (CONWAY_TRUSTED_PROXIES) added to its right end is believed.
"""

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

LONGEST_AGENT = 200
PREFIX_LENGTHS = {4: 24, 6: 56}  # what one customer of a provider usually has to choose addresses from

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Origin:
    """A request's connection and headers as they came; `address` is worked out when somebody asks for it."""

    remote: str = ""
    forwarded: str = ""
    user_agent: str = ""

    @property
    def address(self) -> str:
        """The client's; empty where it cannot be known."""
        return resolved(self.remote, self.forwarded)

    @property
    def agent(self) -> str:
        return self.user_agent.replace("\x00", "")[:LONGEST_AGENT]


def origin(request: HttpRequest) -> Origin:
    meta = request.META
    return Origin(
        meta.get("REMOTE_ADDR") or "", meta.get("HTTP_X_FORWARDED_FOR") or "", meta.get("HTTP_USER_AGENT") or ""
    )


def client_address(request: HttpRequest) -> str:
    return origin(request).address


def client_network(request: HttpRequest) -> str:
    return network_of(client_address(request))


def resolved(remote: str, forwarded: str) -> str:
    """The first address, read from the right, that is no trusted proxy's."""
    trusted = networks(tuple(settings.CONWAY_TRUSTED_PROXIES))
    found = read(remote)
    for step in reversed(forwarded.split(",")) if forwarded else ():
        if found is None or not is_within(found, trusted):
            break
        if (named := read(step)) is None:
            break  # the proxy says nothing we can read: the proxy it is
        found = named
    return "" if found is None else str(found)


def read(text: str) -> Address | None:
    """Reads an address with or without a port and brackets; an IPv4 address that came over IPv6 is IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def network_of(address: str) -> str:
    """Whom limits count together: an address is cheap to change within its network."""
    found = read(address)
    return "" if found is None else str(ip_network((found, PREFIX_LENGTHS[found.version]), strict=False))


def is_allowed(address: str, allowed: tuple[str, ...]) -> bool:
    found = read(address)
    return found is not None and is_within(found, networks(allowed))


def is_within(address: Address, several: tuple[Network, ...]) -> bool:
    return any(address in network for network in several)


@lru_cache(maxsize=1024)
def networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(text, strict=False) for text in texts)
