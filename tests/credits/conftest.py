import pytest
from django.db import connection

from tests.credits.ledger_driver import TABLE


@pytest.fixture(autouse=True)
def till(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute("TRUNCATE till_completion")
