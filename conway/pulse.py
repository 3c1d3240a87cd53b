"""A worker's event loop writes a byte a second, so that its parent knows that it still goes round."""

import asyncio
import os

BEAT_SECONDS = 1.0
LATE_SECONDS = 1.0  # a look that comes later than this tells of a parent that was itself suspended


class Pulse:
    """The parent's end of a worker's pipe; the worker's is `write_end`. The first byte says that it takes requests."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe()
        for end in (self.read_end, self.write_end):
            os.set_blocking(end, False)  # a worker must not wait for a parent that is suspended
        self.loop = asyncio.get_running_loop()
        self.began: asyncio.Future[bool] = self.loop.create_future()  # False: it ended before it took any
        self.ended = False
        self.last = 0.0
        self.loop.add_reader(self.read_end, self.hear)

    def leave_to_worker(self) -> None:
        """Closes our write end once the worker runs: the pipe then ends with the worker."""
        os.close(self.write_end)

    def hear(self) -> None:
        if os.read(self.read_end, 65536):
            self.last = self.loop.time()
        else:
            self.ended = True
            self.loop.remove_reader(self.read_end)
            os.close(self.read_end)
        if not self.began.done():
            self.began.set_result(not self.ended)

    async def stopped(self, seconds: float) -> bool:
        """True when it has been silent for so long; False when it ended with its worker."""
        while not self.ended:
            looked = self.loop.time()
            await asyncio.sleep(BEAT_SECONDS)
            now = self.loop.time()
            if now - looked > BEAT_SECONDS + LATE_SECONDS:
                self.last = now
            elif now - self.last > seconds:
                return True
        return False
