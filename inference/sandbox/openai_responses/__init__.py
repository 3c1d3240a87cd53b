"""OpenAI's Responses API without its memory: fields, the rules between items, the request in plain words, the wire."""
