"""OpenAI's Responses API, stateless use of it: fields, the rules between items, the request in plain words, the wire."""
