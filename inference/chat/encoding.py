"""JSON on its way to a caller. One encoder for all formats: json.dumps() makes a new one each time."""

import json

# ASCII only: some clients split lines on U+2028, which may stand raw in JSON.
dumps = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
quoted = json.encoder.encode_basestring_ascii  # what it does with a string, without the rest
