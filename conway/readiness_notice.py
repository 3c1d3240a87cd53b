"""Tells systemd (Type=notify) that the service is ready, or stops. Without systemd nothing is said."""

import os
import socket


def say(state: str) -> None:
    """`READY=1`, `STOPPING=1`."""
    if not (address := os.environ.get("NOTIFY_SOCKET")):
        return
    if address.startswith("@"):
        address = "\0" + address[1:]  # in Linux's abstract namespace
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
            way.sendto(state.encode(), address)
    except OSError:
        pass  # systemd gives up on a service that says nothing, and says so
