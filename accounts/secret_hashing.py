import hashlib
import secrets


def new_secret(prefix: str, *, random_bytes: int) -> str:
    return prefix + secrets.token_urlsafe(random_bytes)


def digest_of(secret: str) -> bytes:
    """SHA-256; our secrets carry 192 random bits or more, so nothing slower is needed."""
    return hashlib.sha256(secret.encode()).digest()
