"""Anthropic's Messages API, version 2023-06-01: fields, rules between them (rules, thinking, schemas), the
conversation in plain words, the wire."""
