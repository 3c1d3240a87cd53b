import pytest

from inference.chat import provider_error
from inference.chat.provider_error import (
    BAD_REQUEST,
    KEY_REFUSED,
    RATE_LIMITED,
    UPSTREAM_ERROR,
    WORDS,
    ErrorKind,
    ProviderError,
    by_status,
)

KINDS = [value for value in vars(provider_error).values() if isinstance(value, ErrorKind)]


@pytest.mark.parametrize("meaning", KINDS, ids=lambda meaning: meaning.code)
def test_every_meaning_has_words_for_the_caller(meaning: ErrorKind) -> None:
    assert meaning.relays or WORDS[meaning.code]
    assert ProviderError(meaning).message


@pytest.mark.parametrize("meaning", KINDS, ids=lambda meaning: meaning.code)
def test_no_caller_ever_sees_a_refusal_of_our_key_as_his(meaning: ErrorKind) -> None:
    assert meaning.status not in (401, 402, 403)


def test_the_providers_words_are_relayed_only_about_the_request() -> None:
    assert ProviderError(BAD_REQUEST, said="no such thing").message == "no such thing"
    assert ProviderError(BAD_REQUEST).message == "The provider refused the request."
    assert "secret" not in ProviderError(UPSTREAM_ERROR, said="secret").message


def test_the_providers_code_is_relayed_only_about_the_request() -> None:
    assert ProviderError(BAD_REQUEST, provider_code="invalid_schema").code == "invalid_schema"
    assert ProviderError(BAD_REQUEST).code == "invalid_request"
    assert ProviderError(RATE_LIMITED, provider_code="tokens").code == "rate_limit_exceeded"


def test_a_meaning_can_be_changed_for_one_fault() -> None:
    changed = ProviderError(BAD_REQUEST, provider_code="x", said="y").meaning_is(alert=True)
    assert changed.meaning.alert and changed.code == "x" and changed.message == "y"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "invalid_request"),
        (401, "provider_auth_failed"),
        (402, "provider_quota_exhausted"),
        (404, "model_not_found"),
        (408, "upstream_timeout"),
        (418, "invalid_request"),
        (429, "rate_limit_exceeded"),
        (500, "upstream_error"),
        (503, "overloaded"),
        (529, "overloaded"),
        (599, "upstream_error"),
        (301, "provider_unavailable"),
        (308, "provider_unavailable"),
        (405, "provider_unavailable"),
        (407, "provider_unavailable"),
        (451, "provider_unavailable"),
    ],
)
def test_a_status_alone_has_a_meaning(status: int, code: str) -> None:
    assert by_status(status).code == code


def test_what_cannot_heal_is_not_retried() -> None:
    assert not KEY_REFUSED.may_heal and KEY_REFUSED.retries == 0 and KEY_REFUSED.alert


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Incorrect API key provided: sk-proj-abc123DEF. You", "Incorrect API key provided: [key]. You"),
        ("Incorrect API key provided: invalid-*****2345. You", "Incorrect API key provided: [key]. You"),
        ("key AIzaSyA1234567890 is bad", "key [key] is bad"),
        ("in organization org-Ab12Cd34Ef on tokens", "in organization [account] on tokens"),
        ("in organization org-********** on tokens", "in organization [account] on tokens"),
        ("in organization acme-corp on tokens", "in organization [account] on tokens"),
        ("project proj_a1B2c3D4e5 has", "project [account] has"),
        ("resource projects/my-project-1/locations", "resource projects/[account]/locations"),
        ("<ak-f4o8drxcdbfi11fnbbb1> is suspended", "<[account]> is suspended"),
    ],
)
def test_what_is_ours_is_taken_out(said: str, shown: str) -> None:
    assert ProviderError(BAD_REQUEST, said=said).message == shown


@pytest.mark.parametrize(
    "said",
    [
        "Invalid schema for function 'user_lookup': skeleton is not of type 'object'.",
        "Unknown name project_description in skipping pkware, org_chart and account balance is low",
        "messages[0]: the organization of your parts is wrong",
        "Invalid 'user_message_id': risk-free",
    ],
)
def test_callers_own_words_stay(said: str) -> None:
    assert ProviderError(BAD_REQUEST, said=said).message == said


def test_a_relayed_text_is_short() -> None:
    assert len(ProviderError(BAD_REQUEST, said="x" * 10**6).message) == 2000
