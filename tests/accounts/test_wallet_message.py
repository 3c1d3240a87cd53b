from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import wallet as siwe
from accounts.wallet import NotSignedIn
from tests.accounts.conftest import Wallet

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"statement": None},
        {"statement": "Ünïcode, and URI: http://x"},
        {"extra": "\nExpiration Time: 2026-11-22T12:00:01Z"},
        {"extra": "\nNot Before: 2026-11-22T13:00:00+01:00"},
        {"extra": "\nRequest ID: 7\nResources:\n- https://example.org\n- ipfs://x"},
    ],
)
def test_it_reads_what_clients_write(wallet: Wallet, said: dict[str, Any]) -> None:
    message = siwe.read(wallet.message(**said), now=NOW)
    assert (message.address, message.nonce) == (wallet.address.lower(), "abcdefgh12345678")


def test_it_reads_one_empty_line_where_there_is_no_statement(wallet: Wallet) -> None:
    text = wallet.message(statement=None).replace("\n\n\nURI", "\n\nURI")
    assert siwe.read(text, now=NOW)


@pytest.mark.parametrize(
    "said",
    [
        {"domain": "example.org"},
        {"domain": "conway.tech.example.org"},
        {"domain": "conway.tech@example.org"},
        {"chain_id": 1},
        {"nonce": "short"},
        {"nonce": "not-alphanumeric"},
        {"issued_at": "yesterday"},
        {"issued_at": "2026-11-22T10:00:00"},
        {"extra": "\nExpiration Time: 2026-11-22T12:00:00Z"},
        {"extra": "\nExpiration Time: soon"},
        {"extra": "\nNot Before: 2026-11-22T12:00:01Z"},
        {"extra": "\nNonce: abcdefgh12345678"},
        {"extra": "\n"},
        {"statement": "two\nlines"},
    ],
)
def test_it_refuses_what_is_not_for_us_or_not_for_now(wallet: Wallet, said: dict[str, Any]) -> None:
    with pytest.raises(NotSignedIn):
        siwe.read(wallet.message(**said), now=NOW)


def test_it_recovers_the_signer(wallet: Wallet) -> None:
    text = wallet.message()
    low = wallet.sign(text)
    zero_based = low[:-2] + f"{int(low[-2:], 16) - 27:02x}"
    assert siwe.signer(text, low) == siwe.signer(text, zero_based) == wallet.address.lower()
    assert siwe.signer(text + " ", low) != wallet.address.lower()


def test_it_agrees_with_a_signature_of_another_implementation() -> None:
    """The example in web3.js's documentation of `accounts.sign`."""
    signature = (
        "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd"
        "6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c"
    )
    assert siwe.signer("Some data", signature) == "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23"


@given(st.text(), st.text(alphabet="0123456789abcdefx", max_size=140))
def test_no_text_and_no_signature_breaks_it(text: str, signature: str) -> None:
    with pytest.raises(NotSignedIn):
        siwe.read(text, now=NOW)
    with pytest.raises(NotSignedIn):
        siwe.signer(text, signature)


@given(st.integers(0, 2**256 - 1), st.integers(0, 2**256 - 1), st.integers(0, 255))
def test_any_65_bytes_give_an_address_or_a_refusal(r: int, s: int, v: int) -> None:
    try:
        assert len(siwe.signer("hello", f"0x{r:064x}{s:064x}{v:02x}")) == 42
    except NotSignedIn:
        pass
