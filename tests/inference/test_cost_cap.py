"""`x-conway-max-cost-cents`: the most a caller lets one completion cost."""

import pytest

from credits.models import CreditTransaction
from tests.inference.conftest import Ask, Sandbox


def capped(cents: int | str) -> dict[str, str]:
    return {"x-conway-max-cost-cents": str(cents)}


@pytest.mark.parametrize("cap", [1, 2, 5])
def test_a_cap_lowers_the_output_to_what_it_buys(ask: Ask, sandbox: Sandbox, cap: int) -> None:
    said = ask("claude-opus-4.6", "say 9000 words", headers=capped(cap))
    assert said.status == 200
    assert int(said.headers["x-conway-charged-cents"]) == cap
    assert said.json()["choices"][0]["finish_reason"] == "length"
    assert sandbox.meter()[0]["usage"]["output"] == int(said.headers["x-conway-max-tokens"])


def test_a_cap_above_the_worst_changes_nothing(ask: Ask) -> None:
    said = ask(headers=capped(10**30))
    assert said.status == 200 and "x-conway-max-tokens" not in said.headers


def test_a_cap_below_the_need_is_refused(ask: Ask, sandbox: Sandbox) -> None:
    said = ask("claude-opus-4.6", "word " * 20_000, headers=capped(3))
    assert (said.status, said.error["code"], said.error["param"]) == (
        402,
        "cost_cap_too_low",
        "x-conway-max-cost-cents",
    )
    assert said.error["needed_cents"] > 3 and sandbox.meter() == []


@pytest.mark.parametrize("cap", ["", "-1", "1.5", "five", "٣", "1e3", "0x10"])
def test_what_is_no_number_of_cents_is_a_400(ask: Ask, sandbox: Sandbox, cap: str) -> None:
    said = ask(headers=capped(cap))
    assert (said.status, said.error["param"]) == (400, "x-conway-max-cost-cents")
    assert sandbox.meter() == [] and CreditTransaction.objects.filter(type="inference").count() == 0


@pytest.mark.parametrize("cap", ["0" * 5000 + "9", " 9 "])
def test_odd_ways_to_write_a_number_of_cents(ask: Ask, cap: str) -> None:
    assert ask("claude-opus-4.6", headers=capped(cap)).headers["x-conway-max-tokens"]
