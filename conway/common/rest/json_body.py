import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from conway.common.errors import ApiError

LONGEST = 1024 * 1024  # bytes; an account or credit request takes a few hundred


class JsonBody(BaseParser):
    """JSON in UTF-8 whatever the content type's charset says; anything else is a 400, however deep or odd."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, context: Mapping[str, Any] | None = None) -> Any:
        if len(body := stream.read(LONGEST + 1)) > LONGEST:
            raise ApiError(413)
        try:
            return json.loads(body.decode(), parse_constant=refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not JSON: {error}") from None


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a JSON number")
