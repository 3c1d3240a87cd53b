"""A month's completions go to files and come back: no sum changes, and nothing goes that the files do not have."""

import gzip
from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.db.models import Sum

from accounts.models import User
from credits import audit, close, statements
from credits.models import CreditAccount, CreditTransaction
from inference import catalog
from inference.billing import settlement
from inference.billing.entry import Entry
from inference.chat.usage import Usage
from inference.management import archiving
from inference.models import ArchivedDay, Completion
from inference.reporting import audit as charges
from tests.power import synced
from tests.roles import as_owner


@pytest.fixture
def month(transactional_db: None) -> Iterator[date]:
    """The first whole one of a history that is over for so long, closed like the one before."""
    catalog.forget()
    call_command("fill_books", accounts=6, transactions=600, days=150)
    staff = User.objects.create_superuser(email="sam@example.org", password=None)
    for _ in range(2):
        found = close.next_to_close()
        assert found
        close.close(found, by=staff)
    yield found
    catalog.forget()


def moved(month: date, folder: Path, *options: str) -> None:
    with as_owner():
        call_command("archive_completions", f"{month:%Y-%m}", str(folder), "--kept-days", "60", *options)


def all_sums(month: date) -> list[Any]:
    """What customers and staff are told of it: every statement, its entries, and the close."""
    users = CreditAccount.objects.order_by("pk").values_list("pk", flat=True)
    told: list[Any] = [close.month_of_all(month)]
    for user in users:
        said = statements.statement(user, month)
        told += [said, said.entries(1_000) if said else [], statements.months(user)]
    return told


def of(month: date) -> list[dict[str, Any]]:
    window = {"created_at__date__gte": month, "created_at__date__lte": max(archiving.days_of(month))}
    return list(Completion.objects.filter(**window).order_by("id").values())


def faults() -> list[str]:
    return [*audit.faults(), *charges.faults()]


def test_an_archived_month_changes_no_sum_and_comes_back_as_it_was(month: date, tmp_path: Path) -> None:
    rows, sums, others = of(month), all_sums(month), Completion.objects.count()
    assert len(rows) > 30
    moved(month, tmp_path)
    assert (of(month), all_sums(month), Completion.objects.count()) == ([], sums, others - len(rows))
    assert faults() == []
    kept = ArchivedDay.objects.aggregate(rows=Sum("completions"), cents=Sum("charged_cents"))
    assert kept == {"rows": len(rows), "cents": sum(row["charged_cents"] for row in rows)}
    moved(month, tmp_path)  # again: nothing is left to go
    assert len(list(tmp_path.glob("*.csv.gz"))) == ArchivedDay.objects.count()
    moved(month, tmp_path, "--restore")
    assert (of(month), all_sums(month)) == (rows, sums)
    assert not ArchivedDay.objects.exists() and faults() == []


def test_no_row_goes_before_the_name_of_its_file_is_on_the_disk(
    month: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with synced(monkeypatch) as folders:
        moved(month, tmp_path)
    assert folders == [tmp_path] * ArchivedDay.objects.count()


def test_the_audit_finds_a_completion_that_went_without_its_archive(month: date, tmp_path: Path) -> None:
    moved(month, tmp_path)
    charged = Completion.objects.filter(charged_cents__gt=0).latest("created_at")
    lost = [f"inference:{charged.pk}"]
    assert CreditTransaction.objects.filter(reference__in=lost).exists()
    removed("DELETE FROM inference_completion WHERE id = %s", charged.pk)
    (said,) = faults()
    assert "without their completion" in said


def test_a_settlement_that_comes_after_its_archive_books_nothing(month: date, tmp_path: Path, run: Any) -> None:
    """From the spool of a machine that was forgotten: its reference stands in the ledger."""
    row = Completion.objects.filter(created_at__date__gte=month, settlement="exact", charged_cents__gt=0).earliest(
        "created_at"
    )
    moved(month, tmp_path)
    before = CreditAccount.objects.get(pk=row.user_id).balance_cents
    same = {field.name: getattr(row, field.name) for field in fields(Entry) if hasattr(row, field.name)}
    entry = Entry(**same, key_window=None, usage=Usage(**dict(row.buckets)))
    with pytest.raises(psycopg.errors.UniqueViolation):
        run(settlement.book(entry))
    assert CreditAccount.objects.get(pk=row.user_id).balance_cents == before and faults() == []


def test_a_file_that_is_not_the_one_that_was_written_is_refused(month: date, tmp_path: Path) -> None:
    moved(month, tmp_path)
    (first, *_) = sorted(tmp_path.glob("*.csv.gz"))
    first.write_bytes(gzip.compress(gzip.decompress(first.read_bytes()).replace(b",exact,", b",lost,")))
    with pytest.raises(CommandError, match="SHA-256"):
        moved(month, tmp_path, "--restore")
    assert ArchivedDay.objects.exists() and faults() == []


def test_the_database_refuses_an_archive_that_says_something_else(month: date) -> None:
    day = Completion.objects.filter(created_at__date__gte=month).earliest("created_at").created_at.date()
    said = {"completions": 1, "charged_cents": 0, "booked_cents": 0, "cost_usd": 0, "charges": 0, "sha256": ""}
    with as_owner(), pytest.raises(IntegrityError, match="do not come to what its archive says"):
        ArchivedDay.objects.create(day=day, **said)


def test_the_database_keeps_a_completion_whose_day_is_not_archived(month: date) -> None:
    with as_owner(), pytest.raises(IntegrityError, match="stays as it is"):
        Completion.objects.filter(created_at__date__gte=month).delete()


def test_a_month_that_is_not_closed_is_refused(month: date, tmp_path: Path) -> None:
    later = close.next_to_close()
    assert later
    before = Completion.objects.count()
    with pytest.raises(CommandError, match=r"closed before it is archived|60 days"):
        moved(later, tmp_path)
    assert Completion.objects.count() == before and not ArchivedDay.objects.exists()


def test_a_month_is_kept_for_a_year_unless_somebody_says_less(month: date, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="less than 400 days ago"):
        call_command("archive_completions", f"{month:%Y-%m}", str(tmp_path))


def test_a_failure_in_a_day_leaves_that_day_whole(month: date, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Completion.objects.count()

    def full(*_: object) -> str:
        raise archiving.Refused("The disk is full.")

    monkeypatch.setattr(archiving, "digest", full)
    with pytest.raises(CommandError, match="disk is full"):
        moved(month, tmp_path)
    assert Completion.objects.count() == before and not ArchivedDay.objects.exists() and faults() == []


def removed(sql: str, completion: str) -> None:
    """As somebody would who owns the database and means ill."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE inference_completion DISABLE TRIGGER USER")
        cursor.execute(sql, [completion])
        cursor.execute("ALTER TABLE inference_completion ENABLE TRIGGER USER")
