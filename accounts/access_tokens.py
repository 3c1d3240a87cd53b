"""Access tokens: JWT signed with HS256 and a key of their own, derived from SECRET_KEY; older keys still read."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from django.conf import settings
from django.utils.crypto import salted_hmac

from accounts.addresses import Origin
from accounts.models import RefreshToken, User
from conway.common.clock import BETWEEN_MACHINES
from conway.common.errors import ApiError

ALGORITHM = "HS256"
ISSUER = "https://conway.tech"
AUDIENCE = "conway-api"
LIFETIME = timedelta(minutes=60)
LONGEST = 1024  # ours take some 250 characters


@dataclass(frozen=True, slots=True)
class Claims:
    user_id: int
    expires_at: datetime
    epoch: int = 0  # the user's when it was made: with another one it is no longer good
    family: uuid.UUID | None = None  # of the refresh tokens beside it: revoked, they take it along
    scope: str = "account"  # or 'inference', as of a key
    proven_at: datetime | None = None  # when its sign-in was; empty where a refresh token was enough to get it


def signing_key(secret: str | None = None) -> bytes:
    return salted_hmac("accounts.access_tokens", "access token", secret=secret, algorithm="sha256").digest()


def access_token(
    user: User,
    lifetime: timedelta = LIFETIME,
    family: uuid.UUID | None = None,
    scope: str = "account",
    proven_at: datetime | None = None,
) -> str:
    now = datetime.now(UTC)
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": str(user.pk), "iat": now, "exp": now + lifetime}
    ends = {"epoch": user.epoch} | ({"family": str(family)} if family else {})
    proof = {"auth_time": int(proven_at.timestamp())} if proven_at else {}
    return jwt.encode({**claims, **ends, **proof, "scope": scope}, signing_key(), algorithm=ALGORITHM)


def pair(user: User, origin: Origin | None = None) -> dict[str, Any]:
    """The answer to a new sign-in: an access token and a refresh token of a new family."""
    return grant(user, *RefreshToken.issue_with_family(user, origin=origin), proven_at=datetime.now(UTC))


def grant(user: User, refresh_token: str, family: uuid.UUID, proven_at: datetime | None = None) -> dict[str, Any]:
    return {
        "access_token": access_token(user, family=family, proven_at=proven_at),
        "refresh_token": refresh_token,
        "token_type": "Bearer",
        "expires_in": int(LIFETIME.total_seconds()),
    }


def verify(token: str) -> Claims:
    """Raises ApiError 401 unless we signed it, for this API, and it has not expired. Two machines' clocks may differ by
    BETWEEN_MACHINES: one that reads it may think that it was signed in the future, or is over."""
    if len(token) > LONGEST or token.count(".") != 2:
        raise ApiError(401, message="This is neither an API key nor an access token.")
    try:
        claims = signed_by_us(token)
        family = uuid.UUID(claims["family"]) if "family" in claims else None
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        scope = str(claims.get("scope", "account"))  # those of the release before say nothing of it
        proven_at = datetime.fromtimestamp(claims["auth_time"], UTC) if "auth_time" in claims else None
        return Claims(int(claims["sub"]), expires_at, int(claims.get("epoch", 0)), family, scope, proven_at)
    except jwt.ExpiredSignatureError:
        raise ApiError(401, message="This access token has expired.") from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):  # a deeply nested header is a RecursionError
        raise ApiError(401, message="This access token is not valid.") from None


def signed_by_us(token: str) -> dict[str, Any]:
    """The claims of a token that the present key signed, or one from before a rotation."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return decoded(token, signing_key(secret))
        except jwt.InvalidSignatureError as error:
            refused = error
    raise refused


def decoded(token: str, key: bytes) -> dict[str, Any]:
    return jwt.decode(
        token,
        key,
        algorithms=[ALGORITHM],
        issuer=ISSUER,
        audience=AUDIENCE,
        leeway=BETWEEN_MACHINES,
        options={"require": ["exp", "iat", "iss", "aud", "sub"]},
    )
