"""Work that would hold the event loop, done in processes beside this one.

Reading, rendering and counting are C and Python that keep the interpreter's lock: a thread would not let the loop go.
`run` calls a function of ours elsewhere, with arguments and a result that pickle takes:

    counted = await process_pool.run(caller.user_id, tokens.count, text)

Accounts take turns, so that one with a hundred large requests delays another by one. A process that has not answered in
`LONGEST_SECONDS` is killed and started anew, and so is one that died. Requests that find too many before them are
refused with a 503.

A worker of the server forks the first such process before it has an event loop or a second thread: that spares a second
of imports and most of the memory. The ones after it, and those of whoever has threads, begin from nothing.
"""

import gc

if __name__ == "__main__":
    gc.disable()  # until all is imported, which is no garbage

import asyncio
import logging
import os
import resource
import signal
import subprocess
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, NoReturn, ParamSpec, TypeVar

from conway.common.errors import ApiError
from inference.completion.pickles import receive, send

PROCESSES = 1  # for each worker
LONGEST_SECONDS = 30
MOST_WAITING = 256
MOST_WAITING_OF_ONE = 64
MOST_BYTES = 2**31  # of address space for a process beyond what it starts with
RECURSION = 10_000  # a request may be nested 256 deep, and a level takes several calls

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)


def busy() -> ApiError:
    return ApiError(
        503, "server_busy", "Too many large requests are waiting; try again in a moment.", headers={"retry-after": "1"}
    )


# The processes, from here


@dataclass(slots=True, eq=False)
class Task:
    account: int
    call: tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
    result: "Future[Any]" = field(default_factory=Future)


class Queue:
    """One line for each account; the next task is of the account whose turn was longest ago."""

    def __init__(self) -> None:
        self.lines: dict[int, deque[Task]] = {}  # in the order of their turns
        self.size = 0
        self.changed = threading.Condition()

    def put(self, task: Task) -> None:
        with self.changed:
            line = self.lines.get(task.account, deque())
            if self.size >= MOST_WAITING or len(line) >= MOST_WAITING_OF_ONE:
                raise busy()
            self.lines[task.account] = line
            line.append(task)
            self.size += 1
            self.changed.notify()

    def take(self) -> Task:
        with self.changed:
            while True:
                while not self.lines:
                    self.changed.wait()
                account, line = next(iter(self.lines.items()))
                task = line.popleft()
                self.size -= 1
                del self.lines[account]
                if line:
                    self.lines[account] = line  # at the end
                if task.result.set_running_or_notify_cancel():
                    return task


class Worker:
    """A thread that waits for a process: blocking reads and writes let the lock go."""

    def __init__(self, queue: Queue, process: "Forked | None" = None) -> None:
        self.queue = queue
        self.process: subprocess.Popen[bytes] | Forked | None = process
        threading.Thread(target=self.serve, name="process_pool", daemon=True).start()

    def serve(self) -> None:
        self.started()
        while True:
            task = self.queue.take()
            try:
                done, value = self.ask(task)
            except Exception as error:
                log.error("a process of the pool failed", exc_info=error)
                self.end()
                done, value = False, busy()
            (task.result.set_result if done else task.result.set_exception)(value)
            del task, value  # a large request is not kept until the next one

    def ask(self, task: Task) -> Any:
        process = self.started()
        assert process.stdin and process.stdout
        limit = threading.Timer(LONGEST_SECONDS, process.kill)
        limit.daemon = True
        limit.start()
        try:
            send(process.stdin, task.call)
            return receive(process.stdout)
        finally:
            limit.cancel()

    def started(self) -> "subprocess.Popen[bytes] | Forked":
        if self.process is None or self.process.poll() is not None:
            self.end()
            # Its own session: a signal to ours from a terminal is ours to answer. It ends when its input does.
            self.process = subprocess.Popen(
                [sys.executable, "-m", __name__], bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                start_new_session=True,
            )  # fmt: skip
        return self.process

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                with suppress(OSError):
                    pipe.close() if pipe else None
            self.process = None


class Forked:
    """A copy of this process that serves, as far as `Worker` asks it. It has none of our files but its two pipes: with
    the listening socket, or the pulse by which our parent knows that we live, it would stand for us when we are dead.
    """

    def __init__(self) -> None:
        requests, stdin = os.pipe()
        stdout, answers = os.pipe()
        gc.freeze()  # a collection would write to the pages that both share
        if (pid := os.fork()) == 0:
            serve_in_copy(requests, answers)
        os.close(requests)
        os.close(answers)
        self.pid, self.stdin, self.stdout = pid, os.fdopen(stdin, "wb", 0), os.fdopen(stdout, "rb", 0)
        self.ended = threading.Lock()  # the timer that kills is another thread than the one that waits
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self.reap(os.WNOHANG)

    def wait(self) -> int:
        status = self.reap(0)
        assert status is not None
        return status

    def reap(self, how: int) -> int | None:
        with self.ended:
            if self.returncode is None:
                pid, status = os.waitpid(self.pid, how)
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
            return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


_queue = Queue()
_workers: list[Worker] = []
_forked: list[Forked] = []


def fork() -> None:
    """For the `start` that follows. Not in a process that has threads: a copy would lack them and keep their locks."""
    while len(_forked) < PROCESSES and threading.active_count() == 1:
        _forked.append(Forked())


def start() -> None:
    """Processes that are not forked take a second to come; a server starts them before its first request."""
    while len(_workers) < PROCESSES:
        _workers.append(Worker(_queue, _forked.pop() if _forked else None))


async def run(account: int, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Raises what the function raises, and ApiError 503 where too many wait or the process died."""
    start()
    task = Task(account, (function, args, kwargs))
    _queue.put(task)
    try:
        result: T = await asyncio.wrap_future(task.result)
    finally:
        del task  # its error knows this frame: a circle with the whole request in it, until the collector comes
    return result


# Inside such a process


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    while True:
        try:
            function, args, kwargs = receive(requests)
        except EOFError:
            return
        try:
            answer = (True, function(*args, **kwargs))
        except MemoryError:
            return  # and begin anew, with all of it
        except Exception as error:
            answer = (False, error)
        del function, args, kwargs
        try:
            send(answers, answer)
        except BrokenPipeError:
            return
        del answer


def main() -> None:
    import django

    requests, answers = pipes()
    django.setup()
    serve_for_ever(requests, answers)


def serve_in_copy(requests: int, answers: int) -> NoReturn:
    """Of all that was open there are the pipes, as standard input and output, and standard error.

    The other descriptors lead nowhere and are not free: the object that had one open may close it yet, and would close
    what had taken its number.
    """
    try:
        os.setsid()
        os.dup2(requests, 0)
        os.dup2(answers, 1)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in map(int, os.listdir("/dev/fd")):
            if descriptor not in (0, 1, 2, nowhere):
                os.dup2(nowhere, descriptor, inheritable=False)
        serve_for_ever(*pipes())
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)  # what our original would do at its end is not for us to do


def pipes() -> tuple[IO[bytes], IO[bytes]]:
    requests, answers = os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb", 0)
    os.dup2(2, 1)  # what is printed is no answer
    return requests, answers


def serve_for_ever(requests: IO[bytes], answers: IO[bytes]) -> None:
    sys.setrecursionlimit(RECURSION)
    bound_memory()
    gc.freeze()  # what is here stays
    gc.enable()
    serve(requests, answers)


def bound_memory() -> None:
    with suppress(OSError), open("/proc/self/statm") as file:  # on Linux
        used = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MOST_BYTES, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
