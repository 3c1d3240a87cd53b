"""Sign-In with Ethereum (EIP-4361): what the message says, and whose key signed it (EIP-191 personal_sign)."""

import re
from dataclasses import dataclass
from datetime import datetime

from eth_hash.auto import keccak
from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

DOMAIN = "conway.tech"
CHAIN_ID = 8453  # Base

# The URI follows the base URL a client was given and the statement varies by client: both are free. Where there is no
# statement the standard leaves two empty lines, some writers one.
MESSAGE = re.compile(
    r"(?:https?://)?(?P<domain>[^\s/]+) wants you to sign in with your Ethereum account:\n"
    r"(?P<address>0x[0-9a-fA-F]{40})\n"
    r"\n(?:[^\n]+\n\n|\n)?"
    r"URI: \S+\n"
    r"Version: 1\n"
    r"Chain ID: (?P<chain_id>[0-9]{1,18})\n"
    r"Nonce: (?P<nonce>[A-Za-z0-9]{8,64})\n"
    r"Issued At: (?P<issued_at>\S+)"
    r"(?:\nExpiration Time: (?P<expiration_time>\S+))?"
    r"(?:\nNot Before: (?P<not_before>\S+))?"
    r"(?:\nRequest ID: [^\n]*)?"
    r"(?:\nResources:(?:\n- \S+)*)?"
)
SIGNATURE = re.compile(r"0x(?P<r>[0-9a-fA-F]{64})(?P<s>[0-9a-fA-F]{64})(?P<v>[0-9a-fA-F]{2})")


class NotSignedIn(ValueError):
    """The message or its signature is not one that signs its sender in here and now."""


@dataclass(frozen=True, slots=True)
class Message:
    address: str  # in lower case
    nonce: str


def read(text: str, *, now: datetime) -> Message:
    """Raises NotSignedIn unless it is well formed, meant for us, and of this time."""
    if not (match := MESSAGE.fullmatch(text)):
        raise NotSignedIn("not an EIP-4361 message")
    if match["domain"] != DOMAIN or int(match["chain_id"]) != CHAIN_ID:
        raise NotSignedIn("meant for another domain or chain")
    moment(match["issued_at"])
    if match["expiration_time"] and moment(match["expiration_time"]) <= now:
        raise NotSignedIn("expired")
    if match["not_before"] and moment(match["not_before"]) > now:
        raise NotSignedIn("not valid yet")
    return Message(address=match["address"].lower(), nonce=match["nonce"])


def moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise NotSignedIn("a time that is not RFC 3339")
    return found


def signer(text: str, signature: str) -> str:
    """The address, in lower case, whose key signed the text. Raises NotSignedIn."""
    if not (match := SIGNATURE.fullmatch(signature)):
        raise NotSignedIn("not a 65-byte signature")
    v = int(match["v"], 16)
    try:
        vrs = (v - 27 if v >= 27 else v, int(match["r"], 16), int(match["s"], 16))
        public_key = Signature(vrs=vrs).recover_public_key_from_msg_hash(personal_hash(text))
    except (BadSignature, ValidationError):
        raise NotSignedIn("not a signature of any key") from None
    return public_key.to_address()


def personal_hash(text: str) -> bytes:
    body = text.encode()
    return keccak(b"\x19Ethereum Signed Message:\n%d" % len(body) + body)
