"""Which addresses belong to the internet at large: not to us, our neighbours or our cloud. Where a stranger names an
address that we connect to, it is one of these.
"""

from ipaddress import IPv6Address, ip_address, ip_network

# IPv6 addresses that stand for IPv4 ones, which a check of the outer address would not see.
TRANSLATED = tuple(map(ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")))


def is_public(address: str) -> bool:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return is_public(str(found.ipv4_mapped))
        if found.is_site_local or any(found in network for network in TRANSLATED):
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)
