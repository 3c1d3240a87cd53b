"""A bound on how long a task waits for the next of many things, with one timer for all of them.

A process that was itself suspended (SIGSTOP, a sleeping machine) has not waited: what it missed may lie in its buffers,
so the clock starts anew. `asyncio.timeout` would give up before it looked.
"""

import asyncio

LATE_SECONDS = 1  # a timer that comes later than this tells of a suspended process


class IdleTimeout:
    """Of the task that makes it."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.task = asyncio.current_task()
        self.seconds = 0.0
        self.until: float | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.ran_out = False

    def begin(self, seconds: float) -> None:
        """Waiting begins now."""
        self.seconds, self.until = seconds, self.loop.time() + seconds
        if self.timer is not None and self.until < self.timer.when():  # one of a longer wait
            self.timer.cancel()
            self.timer = None
        if self.timer is None:
            self.timer = self.loop.call_at(self.until, self.look)

    def end(self) -> None:
        """It came."""
        self.until = None

    def close(self) -> None:
        self.until = None
        if self.timer is not None:
            self.timer.cancel()

    def look(self) -> None:
        assert self.timer is not None
        now, due = self.loop.time(), self.timer.when()
        self.timer = None
        if self.until is None:
            return
        if now < self.until:
            self.timer = self.loop.call_at(self.until, self.look)
        elif now - due > LATE_SECONDS:
            self.begin(self.seconds)
        else:
            self.ran_out = True
            assert self.task is not None
            self.task.cancel()

    def cancelled_by_us(self) -> bool:
        """Asked once, by who caught the CancelledError."""
        if not self.ran_out:
            return False
        assert self.task is not None
        self.task.uncancel()
        return True
