"""Access tokens: JWT signed with HS256 and a key of their own, derived from SECRET_KEY."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from django.utils.crypto import salted_hmac

from accounts.models import RefreshToken, User
from conway.common.errors import ApiError

ALGORITHM = "HS256"
ISSUER = "https://conway.tech"
AUDIENCE = "conway-api"
LIFETIME = timedelta(minutes=60)
LEEWAY = timedelta(seconds=30)  # between the clocks of the machine that signed it and of the one that reads it
LONGEST = 1024  # ours take some 250 characters


@dataclass(frozen=True, slots=True)
class Claims:
    user_id: int
    expires_at: datetime


def signing_key() -> bytes:
    return salted_hmac("accounts.access_tokens", "access token", algorithm="sha256").digest()


def access_token(user: User, lifetime: timedelta = LIFETIME) -> str:
    now = datetime.now(UTC)
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": str(user.pk), "iat": now, "exp": now + lifetime}
    return jwt.encode(claims, signing_key(), algorithm=ALGORITHM)


def pair(user: User, refresh_token: str | None = None) -> dict[str, Any]:
    return {
        "access_token": access_token(user),
        "refresh_token": refresh_token or RefreshToken.issue(user),
        "token_type": "Bearer",
        "expires_in": int(LIFETIME.total_seconds()),
    }


def verify(token: str) -> Claims:
    """Raises ApiError 401 unless we signed it, for this API, and it has not expired. Two machines' clocks may differ by
    LEEWAY: one that reads it may think that it was signed in the future, or is over."""
    if len(token) > LONGEST or token.count(".") != 2:
        raise ApiError(401, message="This is neither an API key nor an access token.")
    try:
        claims = jwt.decode(
            token,
            signing_key(),
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
        return Claims(int(claims["sub"]), datetime.fromtimestamp(claims["exp"], UTC))
    except jwt.ExpiredSignatureError:
        raise ApiError(401, message="This access token has expired.") from None
    except (jwt.PyJWTError, ValueError, RecursionError):  # a deeply nested header is a RecursionError
        raise ApiError(401, message="This access token is not valid.") from None
