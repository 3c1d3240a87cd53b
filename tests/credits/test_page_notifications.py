import asyncio
import time

import pytest
from channels.layers import channel_layers, get_channel_layer

from credits import ledger, page_notifications
from tests.credits.ledger_driver import admit, books_of, buy, settle

pytestmark = pytest.mark.django_db(transaction=True)


class BrokenRedis:
    async def group_send(self, group, message):
        raise ConnectionError("Redis is away")


class SilentRedis:
    async def group_send(self, group, message):
        await asyncio.sleep(3600)


@pytest.fixture
def redis():
    """Puts another channel layer in place."""
    before = dict(channel_layers.backends)
    yield lambda layer: channel_layers.set("default", layer)
    channel_layers.backends = before


def test_pages_are_told_of_a_charge_once(alice, run):
    async def page():
        layer = get_channel_layer()
        await layer.group_add(page_notifications.group(alice.pk), "page")
        for _ in range(3):
            await buy(alice, 5)
        message = await asyncio.wait_for(layer.receive("page"), 2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(layer.receive("page"), 0.3)
        return message

    assert run(page()) == {"type": page_notifications.MESSAGE, "user_id": alice.pk}


def test_a_change_while_pages_are_told_is_told_too(alice, run):
    async def page():
        layer = get_channel_layer()
        await layer.group_add(page_notifications.group(alice.pk), "page")
        for _ in range(2):
            await buy(alice, 5)
            await asyncio.wait_for(layer.receive("page"), 2)

    run(page())


@pytest.mark.parametrize("layer", [BrokenRedis(), SilentRedis()])
def test_trouble_with_redis_costs_nothing(alice, sam, run, redis, layer):
    redis(layer)
    started = time.monotonic()
    run(settle(alice, run(admit(alice)).completion_id, 20))
    assert time.monotonic() - started < 0.9
    ledger.top_up(user=alice, cents=20, reference="redis-away", reason="Still works", by=sam, payment="INV-7")
    assert time.monotonic() - started < 2.5
    assert books_of(alice) == (1000, 0)


def test_nobody_is_told_of_what_was_rolled_back(alice, sam, run, redis):
    told = []

    class Ear:
        async def group_send(self, group, message):
            told.append(group)

    redis(Ear())
    with pytest.raises(ledger.BelowHeld):
        ledger.adjust(user=alice, cents=-5000, reference="a", reason="Too much", by=sam)
    assert told == []
    ledger.adjust(user=alice, cents=-500, reference="a", reason="Fine", by=sam)
    assert told == [page_notifications.group(alice.pk)]
