"""Everything that is kept of whoever is signed in, as one JSON document, in pieces however long it is."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.text import slugify
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from accounts.models import User
from conway.common.lending import lent
from credits.pages.export import file_name
from inference.reporting.own_data import SECTIONS


@require_safe
@login_required
def own_data(request: HttpRequest) -> StreamingHttpResponse:
    user = cast(User, request.user)
    name = slugify(file_name("conway data of", user, None, now().date()))
    headers = {"content-disposition": f'attachment; filename="{name}.json"', "cache-control": "no-store"}
    return StreamingHttpResponse(document(user.pk), content_type="application/json", headers=headers)


async def document(user_id: int) -> AsyncIterator[str]:
    yield f'{{"exported_at": {json.dumps(plain(now()))}'
    for section in SECTIONS:
        yield f',\n"{section.name}": ['
        pieces, mark = section.pieces(user_id), ""
        while piece := await sync_to_async(rows_of)(pieces):
            yield mark + ",\n".join(piece)
            mark = ",\n"
        yield "]"
    yield "}\n"


def rows_of(pieces: Iterator[list[dict[str, Any]]]) -> list[str]:
    """Empty at the end."""
    with lent():
        return [json.dumps(row, default=plain, ensure_ascii=False) for row in next(pieces, [])]


def plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
    return str(value)
