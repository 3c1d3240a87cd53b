"""A program of its own: how many pages each PDF on standard input has, and how much text they show beyond the usual.

A stranger made the file, so it is read in a process with a second of CPU and little memory, which may be killed.
Nothing of the project is imported here. The first line of input says the lengths of what follows, each a PDF in base64;
each line of output answers one, "pages excess", or "?" where we cannot know.

Text is counted by the bytes of the strings that a page shows, forms and all, as often as they are shown. What decides
whether a byte is shown errs to yes: our depth of parentheses is never below a reader's.
"""

import base64
import re
import resource
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

CPU_SECONDS = 1
MEMORY_BYTES = 512 * 2**20
MOST_STREAM_BYTES = 16 * 2**20  # unpacked, in all of a document
USUAL_PAGE_BYTES = 5_000  # of text; the catalogue's tokens of a page hold as much
DEEPEST = 12  # forms within forms
LONGEST_LIGATURE = 4  # letters behind one code

STRING_MARK = re.compile(rb"\\.|[()]", re.DOTALL)
HEX_STRING = re.compile(rb"<([0-9A-Fa-f\s]+)>")
SHOWN_FORM = re.compile(rb"/([^\s/<>\[\]()%{}]+)\s+Do\b")
DO = re.compile(rb"Do(?![A-Za-z])")
ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
WIDE = ("/Identity-H", "/Identity-V")  # two bytes a code


class Unsure(Exception):
    """The document is encrypted, broken, or built to deceive."""


def shown_bytes(stream: bytes) -> int:
    """The size of the literal and hexadecimal strings in a content stream."""
    depth = total = since = 0
    for mark in STRING_MARK.finditer(stream):
        match mark[0]:
            case b"(":
                depth += 1
                since = mark.end() if depth == 1 else since
            case b")" if depth:
                depth -= 1
                total += 0 if depth else mark.start() - since
            case _ if not depth:
                depth += mark[0] == rb"\("  # outside of a string a backslash escapes nothing
                since = mark.end()
    total += len(stream) - since if depth else 0
    return total + sum(len(string[1]) // 2 for string in HEX_STRING.finditer(stream))


class Document:
    def __init__(self, reader: Any) -> None:
        self.reader = reader
        self.unpacked = 0
        self.streams: dict[Any, bytes] = {}
        self.texts: dict[Any, int] = {}
        self.factors: dict[Any, float] = {}

    def excess(self) -> int:
        return sum(max(0, self.page_text(page) - USUAL_PAGE_BYTES) for page in self.reader.pages)

    def page_text(self, page: Any) -> int:
        contents = page.get("/Contents")
        parts = contents if isinstance(contents, list) else [] if contents is None else [page.raw_get("/Contents")]
        key = tuple(map(identity, parts)), identity(page.raw_get("/Resources") if "/Resources" in page else None)
        if key not in self.texts or None in key[0] or key[1] is None:
            stream = b"\n".join(self.stream(part) for part in parts)
            self.texts[key] = self.text(stream, resolved(page.get("/Resources")) or {}, 0)
        return self.texts[key]

    def stream(self, reference: Any) -> bytes:
        key = identity(reference)
        if key is None or key not in self.streams:
            data = reference.get_object().get_data()
            self.unpacked += len(data)
            if self.unpacked > MOST_STREAM_BYTES:
                raise Unsure
            self.streams[key] = data
        return self.streams[key]

    def text(self, stream: bytes, resources: Any, depth: int) -> int:
        if depth > DEEPEST:
            raise Unsure
        own = int(shown_bytes(stream) * self.factor(resources)) + 1
        forms = resolved(resources.get("/XObject")) or {}
        if not forms:
            return own
        uses = Counter(named(use[1]) for use in SHOWN_FORM.finditer(stream))
        size = own + sum(times * self.form_text(forms, name, resources, depth) for name, times in uses.items())
        hidden = len(DO.findall(stream)) - uses.total()  # behind a comment, say: any form may be meant
        return size + hidden * max(self.form_text(forms, name, resources, depth) for name in forms) if hidden else size

    def form_text(self, forms: Any, name: str, outer: Any, depth: int) -> int:
        if name not in forms or (form := resolved(forms[name])).get("/Subtype") != "/Form":
            return 0
        key = identity(forms.raw_get(name))
        if key is None or key not in self.texts:
            inner = resolved(form.get("/Resources")) or outer
            self.texts[key] = self.text(self.stream(forms.raw_get(name)), inner, depth + 1)
        return self.texts[key]

    def factor(self, resources: Any) -> float:
        """Letters a byte may stand for: half a one where every font has codes of two bytes, many where one says so."""
        fonts = resolved(resources.get("/Font")) or {}
        letters, narrowest = 1.0, 2
        for name in fonts:
            font = resolved(fonts[name])
            narrowest = min(narrowest, 2 if font.get("/Encoding") in WIDE else 1)
            if "/ToUnicode" in font:
                letters = max(letters, self.letters(font.raw_get("/ToUnicode")))
        return letters / (narrowest if len(fonts) else 1)

    def letters(self, to_unicode: Any) -> float:
        key = identity(to_unicode)
        if key is None or key not in self.factors:
            if not hasattr(to_unicode.get_object(), "get_data"):
                return 1.0  # the name of a predefined map
            targets = (bytes.fromhex(found[1].decode()) for found in HEX_STRING.finditer(self.stream(to_unicode)))
            longest = max((behind(target) for target in targets), default=1)
            self.factors[key] = 1.0 if longest <= LONGEST_LIGATURE else 2.0 * longest
        return self.factors[key]


def behind(target: bytes) -> int:
    """Letters of a map's target, UTF-16; those that are not plain ASCII can be two tokens each."""
    units = -(-len(target) // 2)
    return units if not any(target[::2]) or units < 2 else max(units, LONGEST_LIGATURE + 1)


def named(name: bytes) -> str:
    return "/" + ESCAPED.sub(lambda code: bytes([int(code[1], 16)]), name).decode("latin-1")


def identity(reference: Any) -> Any:
    """The identity of an indirect object, so that what many pages share is read once."""
    return (reference.idnum, reference.generation) if hasattr(reference, "idnum") else None


def resolved(value: Any) -> Any:
    return value.get_object() if hasattr(value, "get_object") else value


def answer(encoded: bytes) -> str:
    from io import BytesIO

    from pypdf import PdfReader

    try:
        reader = PdfReader(BytesIO(base64.b64decode(encoded)))
        if reader.is_encrypted:
            return "?"
        return f"{len(reader.pages)} {Document(reader).excess()}"
    except Exception:  # whatever a broken file makes of a parser; MemoryError and RecursionError too
        return "?"


def documents() -> Iterator[bytes]:
    for length in map(int, sys.stdin.buffer.readline().split()):
        yield sys.stdin.buffer.read(length)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for encoded in documents():
        print(answer(encoded), flush=True)


if __name__ == "__main__":
    main()
