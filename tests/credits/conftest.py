import pytest
from django.db import connection

from tests.credits.ledger_driver import TABLE
from tests.roles import as_owner


@pytest.fixture(autouse=True)
def driver_table(db: None) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute("TRUNCATE driver_completion")
        cursor.execute("GRANT ALL ON driver_completion TO PUBLIC")
