"""Values on their way from one process to another: pickles, with the large texts beside them."""

import io
import pickle
import struct
from importlib import import_module
from types import ModuleType
from typing import IO, Any

LARGE_TEXT = 2**16  # characters; such texts travel beside the pickle, and are read piece by piece
PIECE = 2**20
HEADER = struct.Struct("!Q")


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


def unpacked(data: bytes) -> Any:
    within, texts = pickle.loads(data)
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
