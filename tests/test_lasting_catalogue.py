from typing import Any

import pytest
from django.db import transaction

from inference.models import ChatModel, Price
from tests import lasting_catalogue

GIVEN_ANEW = ("id", "starts_at", "created_at")


def rows() -> tuple[list[Any], list[Any]]:
    prices = list(Price.objects.order_by("model", "starts_at").values())
    return list(ChatModel.objects.values()), [
        {name: value for name, value in price.items() if name not in GIVEN_ANEW} for price in prices
    ]


@pytest.mark.django_db
def test_a_copy_has_what_the_file_says() -> None:
    with transaction.atomic():
        lasting_catalogue.load_file()
        of_the_file = rows()
        transaction.set_rollback(True)
    lasting_catalogue.load()
    assert rows() == of_the_file and all(of_the_file)


@pytest.mark.django_db
def test_a_price_keeps_its_key_from_one_copy_to_the_next() -> None:
    keys = []
    for _ in range(2):
        with transaction.atomic():
            lasting_catalogue.load()
            keys.append(list(Price.objects.order_by("id").values_list("id", "model_id")))
            transaction.set_rollback(True)
    assert keys[0] == keys[1] != []
