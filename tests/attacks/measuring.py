"""The bound of a request, without a server or a database: models as the catalogue's file has them, PDFs of any size."""

import asyncio
import base64
import json
import zlib
from datetime import UTC, datetime
from functools import cache
from typing import Any

from inference.billing.measure import Measure
from inference.catalog import loading
from inference.catalog.loading import plain
from inference.catalog.pricing import PriceSheet
from inference.catalog.snapshot import Listing, PricePoint
from inference.chat.provider_request import ProviderRequest, Target
from inference.chat.request import ChatRequest
from inference.chat.traits import Traits
from inference.dialects import DIALECTS
from inference.upstream.providers import PROVIDERS

# A model for every language, and for every accent of the first.
SPOKEN = ("gpt-5.2", "kimi-k2.5", "qwen3-coder", "gpt-5.2-codex", "claude-haiku-4.5", "gemini-3-flash")

Json = dict[str, Any]


@cache
def listing(name: str) -> Listing:
    row = loading.rows()[name]
    traits = Traits.of(plain(row["traits"]))
    provider = PROVIDERS[row["provider"]]
    price = PricePoint(1, datetime(2026, 1, 1, tzinfo=UTC), PriceSheet.of(plain(row["price"])), "", None)
    dialect = DIALECTS[row.get("dialect") or provider.dialect]
    percents = row["bound_percent"], row["estimate_percent"]
    over = "", None, None, None, ""
    return Listing(name, name, provider, dialect, row["upstream_id"], True, *over, traits, *percents, (price,))


def rendered(model: str, asked: Json) -> ProviderRequest:
    """Raises `InvalidRequest`."""
    request = ChatRequest.read(json.dumps({"model": model, **asked}).encode())
    row = listing(model)
    target = Target(row.upstream_id, row.traits, lambda value: f"hash of {len(value)}", may_fetch=True)
    return listing(model).dialect.render(request, target)


def measure(model: str, asked: Json) -> Measure:
    found = rendered(model, asked)
    return Measure(found, len(found.encoded()), listing(model), account=1)


def bound(model: str, asked: Json) -> int:
    return asyncio.run(measure(model, asked).bound())


def said(text: str) -> Json:
    return {"messages": [{"role": "user", "content": text}]}


def with_file(media_type: str, content: bytes, name: str = "a") -> Json:
    url = f"data:{media_type};base64,{base64.b64encode(content).decode()}"
    return {"messages": [{"role": "user", "content": [file_part(url, name)]}]}


def file_part(url: str, name: str = "a") -> Json:
    return {"type": "file", "file": {"filename": name, "file_data": url}}


def pdf(
    pages: int, text: bytes, *, show: bytes = b"", more: bytes = b"", objects: dict[int, bytes] | None = None
) -> bytes:
    """All pages share one content stream. `more` stands in their resources; `objects` are numbered from 6 to 9."""
    lines = b"\n".join(b"(" + text[at : at + 120] + b") '" for at in range(0, len(text), 120))
    content = zlib.compress(b"BT /F1 6 Tf 10 800 Td 7 TL\n" + lines + b"\nET\n" + show)
    page = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>" + more + b">>>>"
    )
    held = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Count %d/Kids[%s]>>" % (pages, b" ".join(b"%d 0 R" % (10 + n) for n in range(pages))),
        4: stream(content, b"/Filter/FlateDecode"),
        5: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        **(objects or {}),
        **{10 + number: page for number in range(pages)},
    }
    written, places = b"%PDF-1.4\n", dict[int, int]()
    for number, body in sorted(held.items()):
        places[number] = len(written)
        written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = [b"%010d 00000 n \n" % places[n] if n in places else b"0000000000 65535 f \n" for n in range(max(held) + 1)]
    end = b"trailer<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF" % (len(table), len(written))
    return written + b"xref\n0 %d\n" % len(table) + b"".join(table) + end


def stream(data: bytes, about: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(data), about, data)
