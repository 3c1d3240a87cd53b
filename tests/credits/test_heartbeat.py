import asyncio

import pytest
from django.db import connection, transaction

from credits import ledger
from credits.models import Hold
from tests.credits.ledger_driver import admit, settle

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_beat_renews_the_holds_of_its_process_only(alice, run):
    mine, other = (run(admit(alice, process=process)).completion_id for process in ("mine", "other"))
    assert run(ledger.beat("mine", {mine: None, other: None})) == {mine}
    assert dict(Hold.objects.values_list("completion_id", "beat")) == {mine: 1, other: 0}


def test_a_beat_tells_which_holds_are_gone(alice, run):
    here, gone = (run(admit(alice)).completion_id for _ in range(2))
    run(settle(alice, gone, 5))
    assert run(ledger.beat("driver", {here: None, gone: None, "never": None})) == {here}


def test_a_beat_without_a_checkpoint_keeps_the_one_before(alice, run):
    completion = run(admit(alice)).completion_id
    run(ledger.beat("driver", {completion: {"output": 7}}))
    run(ledger.beat("driver", {completion: None}))
    assert Hold.objects.get().checkpoint == {"output": 7}


def test_a_beat_waits_for_nobody(alice, run):
    completion = run(admit(alice)).completion_id
    with transaction.atomic():
        Hold.objects.select_for_update().get()
        assert run(ledger.beat("driver", {completion: None})) == {completion}
    assert Hold.objects.get().beat == 0


def test_a_beat_with_nothing_under_way_is_fine(run, transactional_db):
    assert run(ledger.beat("driver", {})) == set()


def test_a_hold_that_does_not_move_is_lost_with_all_that_settling_needs(alice, run):
    gone, alive = (run(admit(alice, process=process)).completion_id for process in ("gone", "alive"))

    async def looked():
        for _ in range(12):
            await ledger.beat("alive", {alive: None})
            if found := await ledger.lost_holds(0.4):
                return found
            await asyncio.sleep(0.1)

    (lost,) = run(looked())
    assert (lost.completion_id, lost.user_id, lost.cents, lost.checkpoint, lost.beat) == (gone, alice.pk, 10, None, 0)


def test_holds_are_renewed_without_touching_an_index(alice, run):
    completion = run(admit(alice)).completion_id
    for _ in range(20):
        run(ledger.beat("driver", {completion: None}))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'credits_hold'")
        updates, without_index = cursor.fetchone()
    assert updates == without_index >= 20
