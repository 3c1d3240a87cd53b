"""The addresses of the project, as the URL resolver has them."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def addresses(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for found in patterns:
        path = before + re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", str(found.pattern)).replace("^", "").replace("$", "")
        if isinstance(found, URLResolver):
            yield from addresses(found.url_patterns, path)
        else:
            yield f"/{path}"
