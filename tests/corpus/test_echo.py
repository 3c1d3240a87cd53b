"""Every recorded reply, sent back by a stock SDK as the next turn, is taken by every dialect and its provider."""

import pytest

from inference.chat.messages import ToolCall
from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from tests.attacks.measuring import listing
from tests.corpus.replayer import CORPUS, case, names
from tests.corpus.sdk_view import read
from tests.corpus.test_replay import MODELS
from tests.inference.echo import TAKERS, asked, by_json, next_turn, objection

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="the corpus of recorded traffic is not beside this repository"
)


@pytest.mark.parametrize("folder", MODELS)
def test_a_recorded_reply_sent_back_is_taken_by_every_dialect(folder: str) -> None:
    book, taken = listing(MODELS[folder]), 0
    for name in names(folder):
        try:
            reply = read(book.dialect, ProviderRequest(asked(), {"model": book.upstream_id}), case(name))
        except ProviderError:
            continue
        message = by_json(reply)
        if (
            any(call["type"] == "custom" for call in message.get("tool_calls", ()))
            and "custom" not in ToolCall.model_fields
        ):
            continue
        for model in TAKERS:
            assert objection(model, next_turn(message)) is None, (name, model)
        taken += 1
    assert taken
