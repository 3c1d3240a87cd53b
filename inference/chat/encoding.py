"""JSON on its way to a caller. One encoder for all formats: json.dumps() makes a new one each time."""

import json
from typing import Any

from conway.common import json_text

# ASCII only: some clients split lines on U+2028, which may stand raw in JSON.
dumps = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
quoted = json.encoder.encode_basestring_ascii  # what it does with a string, without the rest


def whole(value: Any) -> bytes:
    """As `dumps` writes it."""
    try:
        text = json_text.written(value)
    except ValueError:  # half a letter, which ASCII can say
        return dumps(value).encode()
    return text if text.isascii() else dumps(value).encode()
