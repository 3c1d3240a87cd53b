"""An Authorization header, read without asking the database."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from accounts import access_tokens
from accounts.secret_hashing import digest_of
from conway.common.errors import ApiError

# `cnwy_k_…` and a JWT come with `Bearer` from OpenAI's SDKs and the documentation, without it from Conway's clients.
HEADER = re.compile(r"(?:[Bb][Ee][Aa][Rr][Ee][Rr][ \t]+)?(?P<secret>[A-Za-z0-9_.-]+)")
KEY = re.compile(r"cnwy_k_[A-Za-z0-9_-]{32}")


@dataclass(frozen=True, slots=True)
class KeyDigest:
    digest: bytes


Credential = KeyDigest | access_tokens.Claims

# Where a key may stand, for some SDKs have headers of their own: Anthropic's, Azure's, Google's. The first one counts.
HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
META = tuple(f"HTTP_{name.upper().replace('-', '_')}" for name in HEADERS)


def from_headers(headers: Mapping[str, str]) -> str | None:
    """What a request proves itself with; names in lower case."""
    return next((value for name in HEADERS if (value := headers.get(name))), None)


def from_meta(meta: Mapping[str, str]) -> str | None:
    """The same, as Django keeps headers."""
    return next((value for name in META if (value := meta.get(name))), None)


def read(header: str | bytes | None) -> Credential:
    """Raises ApiError 401 for whatever is not one well-formed key or one verified access token."""
    text = header.decode("latin-1") if isinstance(header, bytes) else header or ""
    if not (text := text.strip(" \t")):
        raise ApiError(401)
    match = HEADER.fullmatch(text)
    if not match:
        raise ApiError(401, message="The Authorization header holds no API key or access token.")
    secret = match["secret"]
    return KeyDigest(digest_of(secret)) if KEY.fullmatch(secret) else access_tokens.verify(secret)
