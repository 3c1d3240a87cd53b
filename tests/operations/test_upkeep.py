from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils.timezone import now

from accounts.pruning import prune
from conway.models import Alert


@pytest.mark.django_db
def test_upkeep_removes_all_that_is_over_and_nothing_that_is_not() -> None:
    for days, state in ((500, "closed"), (300, "closed"), (500, "open")):
        Alert.objects.create(
            kind="k", subject=f"{days} {state}", message="m", state=state, closed_at=now() - timedelta(days=days)
        )
    said = StringIO()
    call_command("upkeep", stdout=said)
    assert set(Alert.objects.values_list("subject", flat=True)) == {"300 closed", "500 open"}
    assert "alerts: 1" in said.getvalue()
    assert {line.split(":")[0] for line in said.getvalue().splitlines()} == {*prune(), "alerts"}
