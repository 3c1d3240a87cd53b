"""Passkeys (WebAuthn). A browser signs our challenge for our address alone, so a page like ours gets nothing.

The challenge waits in the session and is good for one answer.
"""

import json
from typing import Any

from django.http import HttpRequest
from django.http.request import split_domain_port
from django.utils import timezone
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.models import Passkey, User

NAME = "Conway Inference"
MOST = 10
LONGEST_ANSWER = 20_000
MAKING, ASKING = "passkey-new", "passkey"  # in the session
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, RecursionError)  # what a made-up answer can bring about


def server(request: HttpRequest) -> Fido2Server:
    """A WebAuthn server for the host name of this request, which ALLOWED_HOSTS has let through."""
    host = request.get_host()
    us = f"{request.scheme}://{host}"
    entity = PublicKeyCredentialRpEntity(name=NAME, id=split_domain_port(host)[0])
    return Fido2Server(entity, verify_origin=lambda origin: origin == us)


def of(user: User) -> list[AttestedCredentialData]:
    return [AttestedCredentialData(bytes(row.credential)) for row in Passkey.objects.filter(user=user)]


def begin_making(request: HttpRequest, user: User) -> dict[str, Any]:
    """What the browser is told; its answer goes to `keep`."""
    entity = PublicKeyCredentialUserEntity(
        id=str(user.pk).encode(), name=str(user), display_name=user.name or str(user)
    )
    options, state = server(request).register_begin(
        entity,
        of(user),
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    request.session[MAKING] = dict(state)
    return dict(options)


def keep(request: HttpRequest, user: User, name: str, answer: str) -> bool:
    state = request.session.pop(MAKING, None)
    if state is None or len(answer) > LONGEST_ANSWER or Passkey.objects.filter(user=user).count() >= MOST:
        return False
    try:
        data = server(request).register_complete(state, json.loads(answer))
    except UNREADABLE:
        return False
    credential = data.credential_data
    if credential is None or Passkey.objects.filter(credential_id=credential.credential_id).exists():
        return False
    Passkey.objects.create(
        user=user, name=name, credential_id=credential.credential_id, credential=bytes(credential), counter=data.counter
    )
    return True


def begin(request: HttpRequest, user: User) -> dict[str, Any] | None:
    """What the browser is told when it is to show one; None where there is none."""
    if not (known := of(user)):
        return None
    options, state = server(request).authenticate_begin(known, UserVerificationRequirement.PREFERRED)
    request.session[ASKING] = dict(state)
    return dict(options)


def accepts(request: HttpRequest, user: User, answer: str) -> bool:
    state = request.session.pop(ASKING, None)
    if state is None or len(answer) > LONGEST_ANSWER:
        return False
    try:
        read = AuthenticationResponse.from_dict(json.loads(answer))
        shown = server(request).authenticate_complete(state, of(user), read)
        counter = read.response.authenticator_data.counter
    except UNREADABLE:
        return False
    return is_first_use(user, shown.credential_id, counter)


def is_first_use(user: User, credential_id: bytes, counter: int) -> bool:
    """A counter that goes back belongs to a copy of the passkey. Most passkeys are synchronised and count nothing."""
    row = Passkey.objects.filter(user=user, credential_id=credential_id)
    row = row.filter(counter__lt=counter) if counter else row.filter(counter=0)
    return row.update(counter=counter, last_used_at=timezone.now()) == 1
