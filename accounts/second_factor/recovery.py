"""Ten codes to keep on paper. Each has eighty random bits, so its SHA-256 is as good as a slow hash, and works once."""

import base64
import secrets

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import RecoveryCode, User
from accounts.secret_hashing import digest_of

NUMBER = 10
BYTES = 10
LENGTH = 16  # of ten bytes in base 32


def issue(user: User) -> list[str]:
    """New ones in the place of all there were. They are known to whoever is shown them now."""
    codes = [spaced(base64.b32encode(secrets.token_bytes(BYTES)).decode().lower()) for _ in range(NUMBER)]
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # of two who ask at once, one set remains
        RecoveryCode.objects.filter(user=user).delete()
        RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=digest_of(plain(code))) for code in codes)
    return codes


def accepts(user: User, code: str) -> bool:
    """One UPDATE: of two who send the same code, one is accepted."""
    if len(plain(code)) != LENGTH:
        return False
    unused = RecoveryCode.objects.filter(user=user, digest=digest_of(plain(code)), used_at=None)
    return unused.update(used_at=Now()) == 1


def left(user: User) -> int:
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def spaced(code: str) -> str:
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


def plain(code: str) -> str:
    return code.replace("-", "").replace(" ", "").lower()
