"""How many bytes of request bodies a worker holds at once.

A body counts from its first byte beyond `FREE_BYTES` until its answer begins. Where there is no room left, the largest
body that is still arriving is refused: who sends small requests never pays for who sends large ones and stalls.
"""

from typing import Any

FREE_BYTES = 64 * 1024  # of each request


class Budget:
    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0
        self.shares: dict[Any, int] = {}  # by request

    def take(self, request: Any, count: int) -> None:
        """May refuse requests, this one too; a refused one has given back what it held."""
        self.shares[request] = self.shares.get(request, 0) + count
        self.held += count
        while self.held > self.most:
            arriving = [each for each in self.shares if each is request or not each.body.ended]
            max(arriving, key=self.shares.__getitem__).refuse_for_room()
            if request not in self.shares:
                return

    def give_back(self, request: Any) -> None:
        self.held -= self.shares.pop(request, 0)
