"""How many connections a worker keeps, in all and of one address, below what the system lets it open."""

import ipaddress
import resource
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

SPARE_DESCRIPTORS = 128  # for the database, spools, pipes
DESCRIPTORS_PER_CONNECTION = 2  # the client's, and the provider's that is asked for it

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Seats:
    """A proxy's address counts for nothing: all its clients come from it."""

    def __init__(self, most: int, most_per_address: int, proxies: Sequence[str]) -> None:
        self.most, self.most_per_address = most, most_per_address
        self.proxies = tuple(ipaddress.ip_network(proxy, strict=False) for proxy in proxies)
        self.taken = 0
        self.by_origin: Counter[str] = Counter()

    def is_full(self) -> bool:
        return self.taken >= self.most

    def is_full_for(self, host: str) -> bool:
        origin = origin_of(host, self.proxies)
        return origin is not None and self.by_origin[origin] >= self.most_per_address

    def take(self, host: str) -> "Seat":
        self.taken += 1
        origin = origin_of(host, self.proxies)
        if origin is not None:
            self.by_origin[origin] += 1
        return Seat(self, origin)


class Seat:
    def __init__(self, seats: Seats, origin: str | None) -> None:
        self.seats, self.origin = seats, origin

    def leave(self) -> None:
        self.seats.taken -= 1
        if self.origin is not None:
            self.seats.by_origin[self.origin] -= 1
            if not self.seats.by_origin[self.origin]:
                del self.seats.by_origin[self.origin]


def host_of(address: Any) -> str:
    """The host of an address as Twisted has it."""
    return str(getattr(address, "host", ""))


@lru_cache(maxsize=4096)
def origin_of(host: str, proxies: tuple[Network, ...]) -> str | None:
    """Whom a connection counts for: an IPv4 address, or an IPv6 /64, which one customer has whole. A proxy: nobody."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None  # a Unix socket has no address
    address = getattr(address, "ipv4_mapped", None) or address
    if any(address in proxy for proxy in proxies):
        return None
    return str(address if address.version == 4 else ipaddress.ip_network((address, 64), strict=False))


def raise_descriptor_limit() -> int:
    """Raises the limit to what the system allows this process, and returns it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else 2**20


def most_connections(wanted: int, descriptors: int) -> int:
    return max(1, min(wanted, (descriptors - SPARE_DESCRIPTORS) // DESCRIPTORS_PER_CONNECTION))
