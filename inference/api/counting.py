"""How long a prompt is, by the estimator: nothing is sent, held or charged."""

from collections.abc import Mapping
from functools import cache

from django.conf import settings

from accounts.authentication import Caller
from conway.common.errors import new_request_id
from inference import catalog
from inference.chat.format import Format, in_words_of
from inference.completion import errors, preparing
from inference.completion.answers import JSON_HEADERS, Answer, refusal
from inference.completion.headers import address
from inference.completion.pace import Pace


async def count(format: Format, headers: Mapping[str, str], body: bytes, caller: Caller) -> Answer:
    """Never raises. What a completion of this body would be refused with before its credit is looked at is refused
    here.
    """
    request_id = new_request_id()
    try:
        estimates().spend(caller.user_id)
        prepared = await preparing.prepare(format, caller, body, await catalog.current())
        tokens = await prepared.measure.likely()
    except Exception as error:
        return refusal(format, in_words_of(format, errors.answer_to(error, address(headers))), request_id)
    answer_headers = {**JSON_HEADERS, **format.headers(request_id), "x-request-id": request_id}
    return Answer(200, answer_headers, format.counted(tokens))


@cache
def estimates() -> Pace:
    """Counts and estimates cost the same work, and share one pace."""
    return Pace("Estimates", settings.CONWAY_ESTIMATES_PER_MINUTE)
