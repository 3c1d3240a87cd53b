from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import connect

from tests.served import Served


def test_they_pass_the_server_and_are_closed_in_order_when_it_stops(answers: Callable[..., Served]) -> None:
    server = answers()
    with connect(server.url.replace("http", "ws")) as socket:
        socket.send("hello")
        assert socket.recv(5) == "hello"
        assert server.stop() == 0
        with pytest.raises(ConnectionClosedOK):
            socket.recv(5)
