"""Work that would hold the event loop, done in processes beside this one.

Reading, rendering and counting are C and Python that keep the interpreter's lock: a thread would not let the loop go.
`run` calls a function of ours elsewhere, with arguments and a result that pickle takes:

    counted = await process_pool.run(caller.user_id, tokens.count, text)

Accounts take turns, so that one with a hundred large requests delays another by one. A process that has not answered in
`LONGEST_SECONDS` is killed and started anew, and so is one that died. Requests that find too many before them are
refused with a 503.
"""

import asyncio
import io
import logging
import os
import pickle
import resource
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import IO, Any, ParamSpec, TypeVar

from conway.common.errors import ApiError

PROCESSES = 1  # for each worker
LONGEST_SECONDS = 30
MOST_WAITING = 256
MOST_WAITING_OF_ONE = 64
MOST_BYTES = 2**31  # of address space for a process beyond what it starts with
RECURSION = 10_000  # a request may be nested 256 deep, and a level takes several calls
LARGE_TEXT = 2**16  # characters; such texts travel beside the pickle, and are read piece by piece
PIECE = 2**20
HEADER = struct.Struct("!Q")

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)


def busy() -> ApiError:
    return ApiError(
        503, "server_busy", "Too many large requests are waiting; try again in a moment.", headers={"retry-after": "1"}
    )


# The way between the processes


class Packer(pickle.Pickler):
    """Large texts apart: unpickling one within a pickle would hold the lock for all of them together."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file, protocol=5)
        self.texts: list[str] = []
        self.places: dict[int, int] = {}

    def persistent_id(self, value: Any) -> int | None:
        if value.__class__ is not str or len(value) < LARGE_TEXT:
            return None
        if id(value) not in self.places:
            self.places[id(value)] = len(self.texts)
            self.texts.append(value)
        return self.places[id(value)]

    def reducer_override(self, value: Any) -> Any:
        """A module goes by its name: listings have one, their dialect."""
        return (import_module, (value.__name__,)) if isinstance(value, ModuleType) else NotImplemented


class Unpacker(pickle.Unpickler):
    def __init__(self, file: IO[bytes], texts: list[str]) -> None:
        super().__init__(file)
        self.texts = texts

    def persistent_load(self, place: int) -> str:
        return self.texts[place]


def packed(value: Any) -> bytes:
    file = io.BytesIO()
    packer = Packer(file)
    packer.dump(value)
    return pickle.dumps((file.getvalue(), packer.texts))


def unpacked(given: bytes) -> Any:
    within, texts = pickle.loads(given)
    return Unpacker(io.BytesIO(within), texts).load()


def send(pipe: IO[bytes], value: Any) -> None:
    packed = io.BytesIO()
    packer = Packer(packed)
    packer.dump(value)
    parts = [packed.getbuffer()]
    parts += [memoryview(text.encode("utf-8", "surrogatepass")) for text in packer.texts]
    write(pipe, memoryview(b"".join(map(HEADER.pack, [len(parts), *(part.nbytes for part in parts)]))))
    for part in parts:
        write(pipe, part)


def write(pipe: IO[bytes], part: memoryview) -> None:
    while part:
        part = part[pipe.write(part) :]


def receive(pipe: IO[bytes]) -> Any:
    """Raises EOFError at the end."""
    (count,) = HEADER.unpack(exactly(pipe, HEADER.size))
    sizes = [HEADER.unpack(exactly(pipe, HEADER.size))[0] for _ in range(count)]
    packed = exactly(pipe, sizes[0])
    texts = [text_of(exactly(pipe, size)) for size in sizes[1:]]
    return Unpacker(io.BytesIO(packed), texts).load()


def exactly(pipe: IO[bytes], size: int) -> bytearray:
    read = bytearray(size)
    view, at = memoryview(read), 0
    while at < size:
        got = pipe.readinto(view[at : at + PIECE])  # type: ignore[attr-defined]  # a raw file's
        if not got:
            raise EOFError
        at += got
    return read


def text_of(encoded: bytearray) -> str:
    if encoded.isascii():
        return encoded.decode("ascii")
    view, pieces, at = memoryview(encoded), [], 0
    while at < len(encoded):
        end = min(at + PIECE, len(encoded))
        while end < len(encoded) and encoded[end] & 0xC0 == 0x80:  # inside a character
            end += 1
        pieces.append(str(view[at:end], "utf-8", "surrogatepass"))
        at = end
    return "".join(pieces)


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

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.process: subprocess.Popen[bytes] | None = None
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

    def started(self) -> "subprocess.Popen[bytes]":
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


_queue = Queue()
_workers: list[Worker] = []


def start() -> None:
    """Processes take a second to come; a server starts them before its first request."""
    while len(_workers) < PROCESSES:
        _workers.append(Worker(_queue))


async def run(account: int, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Raises what the function raises, and ApiError 503 where too many wait or the process died."""
    start()
    task = Task(account, (function, args, kwargs))
    _queue.put(task)
    result: T = await asyncio.wrap_future(task.result)
    return result


# Inside such a process


def serve(given: IO[bytes], answers: IO[bytes]) -> None:
    while True:
        try:
            function, args, kwargs = receive(given)
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
    import gc

    import django

    given, answers = os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb", 0)
    os.dup2(2, 1)  # what is printed is no answer
    django.setup()
    sys.setrecursionlimit(RECURSION)
    bound_memory()
    gc.freeze()  # what is here stays
    serve(given, answers)


def bound_memory() -> None:
    with suppress(OSError), open("/proc/self/statm") as told:  # on Linux
        used = int(told.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MOST_BYTES, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
