import json
from typing import Any

import pytest
from django.db import connection

from conway.common import database
from credits.ledger import batches
from tests.credits.batch_driver import Sent
from tests.credits.ledger_driver import TABLE
from tests.roles import as_owner


@pytest.fixture(autouse=True)
def driver_table(db: None) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.execute("TRUNCATE driver_completion")
        cursor.execute("GRANT ALL ON driver_completion TO PUBLIC")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """No batch is overtaken for being slow: on a busy machine any would be."""
    monkeypatch.setattr(batches, "HELD_UP_SECONDS", 60)
    found = Sent()
    fetch_for = database.fetch_for

    async def noted(sql: str, items: str) -> list[Any]:
        found.append(json.loads(items))
        found.statements.append(sql)
        return await fetch_for(sql, items)

    monkeypatch.setattr(database, "fetch_for", noted)
    return found
