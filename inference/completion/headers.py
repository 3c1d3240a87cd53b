"""What a caller's headers ask of a completion, and what the headers of the answer say."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import replace

from django.conf import settings

from accounts.authentication import Caller
from inference.chat.invalid_request import InvalidRequest
from inference.completion.attempts import PATIENCE_SECONDS, Patience
from inference.completion.state import CompletionState, latin

LONGEST_IDEMPOTENCY_KEY = 255
LONGEST_HEADER = 2_000  # characters; clients refuse an answer with longer ones
CENTS = re.compile(r"\s*[0-9]+\s*")
MOST_CAP_CENTS = 10**12
FOLLOW = "x-conway-follow-successor"
# How long an SDK waits for the next byte, in seconds, and how often it has asked already.
TIMEOUTS = ("x-stainless-read-timeout", "x-stainless-timeout")
SECONDS, RETRIES = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,6})?"), re.compile(r"[0-9]{1,3}")
SWITCH = {"true": True, "1": True, "false": False, "0": False}

Headers = Mapping[str, str]  # names in lower case

# Of a request


def cap(headers: Headers) -> int | None:
    """The most a completion may cost its caller, in cents."""
    text = headers.get("x-conway-max-cost-cents")
    if text is None:
        return None
    if not CENTS.fullmatch(text):
        raise InvalidRequest(
            "x-conway-max-cost-cents must be a whole number of cents.", param="x-conway-max-cost-cents"
        )
    digits = text.strip().lstrip("0") or "0"
    return min(int(digits), MOST_CAP_CENTS) if len(digits) < 20 else MOST_CAP_CENTS


def completion_id_for(caller: Caller, headers: Headers, prefix: str) -> tuple[str, bool]:
    """Ours alone. Under an idempotency key it follows from the key, so that a second attempt meets the first one's
    hold or charge.
    """
    if not (key := headers.get("idempotency-key")):
        return prefix + secrets.token_hex(16), False
    if len(key) > LONGEST_IDEMPOTENCY_KEY:
        raise InvalidRequest(
            f"Idempotency-Key is longer than {LONGEST_IDEMPOTENCY_KEY} characters.", param="Idempotency-Key"
        )
    text = f"completion\0{caller.user_id}\0{key}".encode("utf-8", "replace")
    digest = hmac.new(settings.CONWAY_IDEMPOTENCY_KEY.encode(), text, hashlib.sha256).digest()
    return prefix + base64.b32encode(digest).decode().rstrip("=").lower()[:36], True


def follows(headers: Headers, caller: Caller) -> Caller:
    """Whether a dearer successor may answer: the account's own setting, unless this request says otherwise."""
    text = headers.get(FOLLOW)
    if text is None:
        return caller
    if (switch := SWITCH.get(text.strip().lower())) is None:
        raise InvalidRequest(f"{FOLLOW} must be true or false.", param=FOLLOW)
    return replace(caller, follows_successors=switch)


def address(headers: Headers) -> str:
    """The address of this site as the caller reached it; the host was checked when the request came."""
    proxy, secure = settings.SECURE_PROXY_SSL_HEADER or ("", "")
    name = proxy.removeprefix("HTTP_").replace("_", "-").lower()
    scheme = "https" if proxy and headers.get(name) == secure else "http"
    return f"{scheme}://{headers['host']}" if headers.get("host") else ""


def patience(headers: Headers) -> Patience:
    """What the official SDKs say of themselves; nonsense is silence."""
    text = next((value for name in TIMEOUTS if SECONDS.fullmatch(value := headers.get(name, "").strip())), None)
    retried = headers.get("x-stainless-retry-count", "").strip()
    return Patience(
        PATIENCE_SECONDS if text is None else float(text), int(retried) if RETRIES.fullmatch(retried) else 0
    )


# Of an answer


def headers_of(state: CompletionState) -> dict[str, str]:
    rendered, names = state.rendered, state.format.NAMES
    optional = {
        "x-conway-ignored-params": ",".join(names.get(name, name) for name in rendered.ignored)[:LONGEST_HEADER],
        "x-conway-transforms": ",".join(rendered.transforms),
        "x-conway-model-redirect": state.redirect,
        "x-conway-max-tokens": str(state.lowered_limit or ""),
        "x-conway-upstream-id": latin(state.facts.upstream_id),
        "x-conway-sandbox": "true" if state.listing.provider.is_sandbox else "",
    }
    return {"x-request-id": state.request_id, **{name: value for name, value in optional.items() if value}}


def money_headers(state: CompletionState) -> dict[str, str]:
    booked = state.booked
    if booked is None:
        return {}
    money = {
        "x-conway-cost-usd": format(booked.cost_usd.normalize(), "f"),
        "x-conway-charged-cents": str(booked.charged_cents),
    }
    if booked.pending:
        return {**money, "x-conway-settlement": "pending"}
    return money if booked.balance_cents is None else {**money, "x-conway-balance-cents": str(booked.balance_cents)}
