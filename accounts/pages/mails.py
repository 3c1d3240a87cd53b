"""Mails that anybody may have sent to anybody: few from a network, fewer to an address, and no word of which it was."""

from collections.abc import Callable

from django.http import HttpRequest

from accounts import limits
from accounts.addresses import client_network


def mail_once(request: HttpRequest, address: str, send: Callable[[], object]) -> None:
    """Raises TooMany for the network. That an address has had enough is not told: the answer stays the same."""
    limits.count("mail", network=client_network(request))
    try:
        limits.count("mail-to", account=address)
    except limits.TooMany:
        return
    send()
