import pytest
from django.test import Client

from accounts.models import ApiKey, User
from conway.common import database


@pytest.mark.django_db(transaction=True)
def test_an_asynchronous_view_leaves_no_pool_behind(alice: User, client: Client) -> None:
    before = set(database._pools)
    key = ApiKey.issue(user=alice, name="laptop")[1]
    assert client.get("/v1/limits", headers={"authorization": key}).status_code == 200
    assert set(database._pools) <= before
