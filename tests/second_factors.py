"""What a person holds: an authenticator app that the test reads, and a passkey in software."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyotp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import sha256, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from accounts.models import TotpApp, User
from accounts.second_factor import totp

FLAG = AuthenticatorData.FLAG


def give_app(user: User) -> str:
    """Its secret. No code of it has been used yet."""
    sealed = totp.new_sealed_secret()
    TotpApp.objects.create(user=user, sealed_secret=sealed, last_step=0)
    return totp.secret_of(sealed)


def code_of(secret: str, steps: int = 0) -> str:
    """One of now, or of the next step, is good for half a minute more at least, however slow the test is."""
    return pyotp.TOTP(secret).at(time.time() + 30 * steps)


def within_one_step(does: Callable[[], bool]) -> bool:
    """What came of it when no step ended meanwhile."""
    while True:
        step, found = time.time() // 30, does()
        if time.time() // 30 == step:
            return found


@dataclass
class SoftPasskey:
    origin: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = b"a passkey of a test"
    counter: int = 0

    def made(self, options: dict[str, Any]) -> str:
        """What a browser answers to `navigator.credentials.create`."""
        key = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]  # fido2's own
        public = AttestedCredentialData.create(Aaguid.NONE, self.id, key)
        data = self.data(options["publicKey"]["rp"]["id"], FLAG.UP | FLAG.AT, public)
        attestation = AttestationObject.create("none", data, {})
        client_data = self.client_data(CollectedClientData.TYPE.CREATE, options)
        return self.answer(clientDataJSON=client_data, attestationObject=attestation)

    def shown(self, options: dict[str, Any]) -> str:
        """What it answers to `navigator.credentials.get`."""
        self.counter += bool(self.counter)
        data = self.data(options["publicKey"]["rpId"])
        client_data = self.client_data(CollectedClientData.TYPE.GET, options)
        signature = self.key.sign(data + client_data.hash, ec.ECDSA(hashes.SHA256()))
        return self.answer(clientDataJSON=client_data, authenticatorData=data, signature=signature)

    def data(self, rp: str, flags: FLAG = FLAG.UP, public: bytes = b"") -> AuthenticatorData:
        made: AuthenticatorData = AuthenticatorData.create(sha256(rp.encode()), flags, self.counter, public)
        return made

    def client_data(self, type: str, options: dict[str, Any]) -> CollectedClientData:
        return CollectedClientData.create(type, options["publicKey"]["challenge"], self.origin)

    def answer(self, **response: bytes) -> str:
        return json.dumps(
            {
                "id": websafe_encode(self.id),
                "rawId": websafe_encode(self.id),
                "type": "public-key",
                "response": {name: websafe_encode(value) for name, value in response.items()},
                "clientExtensionResults": {},
            }
        )
