from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import access_tokens, wallet
from accounts.addresses import Origin
from accounts.models import Nonce, WalletAddress
from conway.common.errors import ApiError, LiteralError


class VerificationFailed(LiteralError):
    def __init__(self) -> None:
        super().__init__(400, "verification_failed", "Verification failed")


class NonceGone(LiteralError):
    def __init__(self) -> None:
        super().__init__(401, "invalid_nonce", "Invalid or expired nonce")


@transaction.atomic
def sign_in(text: str, signature: str, origin: Origin | None = None) -> dict[str, Any]:
    """Tokens for the wallet's user; raises an ApiError that rolls everything back.

    So a nonce is spent by a sign-in and by nothing else: a client that met a 5xx may try again with the same one.
    """
    try:
        message = wallet.read(text, now=timezone.now())
    except wallet.NotSignedIn:
        raise VerificationFailed from None
    if not Nonce.redeem(message.nonce):
        raise NonceGone
    try:
        address = wallet.signer(text, signature)
    except wallet.NotSignedIn:
        raise VerificationFailed from None
    if address != message.address:
        raise VerificationFailed
    user = WalletAddress.owner_of(address)
    if not user.is_active:
        raise ApiError(401, "account_deactivated", "This account is deactivated.")
    return access_tokens.pair(user, origin)
