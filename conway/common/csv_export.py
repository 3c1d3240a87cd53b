"""CSV in pieces: memory stays small and the first bytes come at once, however long it is."""

import csv
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse
from django.utils.text import slugify

from conway.common.lending import lent

ROWS_AT_ONCE = 500  # so few that no piece takes long to make

Place = Any
Piece = tuple[Iterable[Sequence[Any]], Place | None]  # rows, and where the next piece begins; None at the end


class Echo:
    """What csv writes into it comes straight back."""

    def write(self, line: str) -> str:
        return line


def csv_answer(name: str, columns: Sequence[str], next_piece: Callable[[Place | None], Piece]) -> StreamingHttpResponse:
    headers = {"content-disposition": f'attachment; filename="{slugify(name)}.csv"', "cache-control": "no-store"}
    return StreamingHttpResponse(lines(columns, next_piece), content_type="text/csv; charset=utf-8", headers=headers)


async def lines(columns: Sequence[str], next_piece: Callable[[Place | None], Piece]) -> AsyncIterator[str]:
    writer = csv.writer(Echo())
    yield writer.writerow(columns)
    place: Place | None = None
    while True:
        rows, place = await sync_to_async(rows_of)(next_piece, place)
        yield "".join(writer.writerow([cell(value) for value in row]) for row in rows)
        if place is None:
            return


def rows_of(next_piece: Callable[[Place | None], Piece], place: Place | None) -> Piece:
    with lent():
        rows, next_place = next_piece(place)
        return list(rows), next_place


def cell(value: Any) -> Any:
    match value:
        case None:
            return ""
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case str():
            return harmless(value)
    return value


def harmless(text: str) -> str:
    """A spreadsheet runs a cell that begins like a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")) else text
