"""A bound on how long a task waits for the next of many things, with one timer for all of them.

A process that was itself suspended (SIGSTOP, a sleeping machine) has not waited: what it missed may lie in its buffers,
so the clock starts anew. `asyncio.timeout` would give up before it looked.
"""

import asyncio

LATE_SECONDS = 1  # a timer that comes later than this tells of a suspended process
EARLY_SECONDS = 0.001  # a timer that comes earlier than this is in time: loops count milliseconds


class IdleTimeout:
    """Of the task that makes it."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.task = asyncio.current_task()
        self.seconds = 0.0
        self.until: float | None = None
        self.timer: asyncio.Handle | None = None
        self.due = 0.0  # when the timer comes. uvloop's does not know that, where it comes at once
        self.ran_out = False

    def begin(self, seconds: float) -> None:
        """Waiting begins now."""
        self.seconds, self.until = seconds, self.loop.time() + seconds
        if self.timer is not None and self.until < self.due:  # one of a longer wait
            self.timer.cancel()
            self.timer = None
        if self.timer is None:
            self.look_at(self.until)

    def look_at(self, moment: float) -> None:
        self.due, self.timer = moment, self.loop.call_at(moment, self.look)

    def end(self) -> None:
        """It came."""
        self.until = None

    def close(self) -> None:
        self.until = None
        if self.timer is not None:
            self.timer.cancel()

    def look(self) -> None:
        self.timer, now = None, self.loop.time()
        if self.until is None:
            return
        if now < self.until - EARLY_SECONDS:
            self.look_at(self.until)
        elif now - self.due > LATE_SECONDS:
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
