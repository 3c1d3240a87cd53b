"""Our prices beside public lists: what differs is said with its source, and nothing changes by itself."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils.timezone import now

from accounts.models import User
from inference import catalog
from inference.models import CatalogCheck, Price
from inference.reporting.price_lists import PriceMap

ROW = {"input_cost_per_token": 1.75e-6, "cache_read_input_token_cost": 1.75e-7, "output_cost_per_token": 1.4e-5}


def written(tmp_path: Path, **rows: Any) -> Path:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({name.replace("_", "-", 1).replace("_", "."): row for name, row in rows.items()}))
    return path


def said(path: Path, capsys: pytest.CaptureFixture[str], model: str) -> list[str]:
    call_command("check_catalog", path)
    lines = capsys.readouterr().out.splitlines()
    return [line for line in lines if line.startswith(f"{model}:") and line.endswith("prices.json")]


def test_what_agrees_is_not_mentioned(prices: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(written(tmp_path, gpt_5_2=ROW), capsys, "gpt-5.2") == []


def test_a_price_that_differs_is_said_with_both(
    prices: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Price.objects.count()
    path = written(tmp_path, gpt_5_2={**ROW, "output_cost_per_token": 1.2e-5, "max_output_tokens": 64000})
    assert said(path, capsys, "gpt-5.2") == [
        "gpt-5.2: output is 14 here, 12 in prices.json",
        "gpt-5.2: output limit is 128,000 here, 64,000 in prices.json",
    ]
    assert Price.objects.count() == before


def test_a_tier_that_differs_is_said_with_its_length(
    prices: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, gpt_5_2={**ROW, "input_cost_per_token_above_272k_tokens": 3.5e-6})
    assert said(path, capsys, "gpt-5.2") == ["gpt-5.2: input above 272,000 is 1.75 here, 3.5 in prices.json"]


def test_a_price_to_come_is_compared_whatever_differs_today(
    prices: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Price.objects.create(
        model_id="gpt-5.2",
        starts_at=now() + timedelta(days=20),
        sheet={"input": "2", "cached": "0.175", "output": "14"},
    )
    catalog.forget()
    path = written(tmp_path, gpt_5_2={**ROW, "max_input_tokens": 100_000})
    by = (catalog.current_sync().now() + timedelta(days=30)).date()
    assert said(path, capsys, "gpt-5.2") == [
        "gpt-5.2: input limit is 272,000 here, 100,000 in prices.json",
        f"gpt-5.2: input, by {by} is 2 here, 1.75 in prices.json",
    ]


def test_other_prices_of_a_map_are_no_tiers(tmp_path: Path) -> None:
    path = written(tmp_path, gpt_5_2={**ROW, "input_cost_per_token_batches": 1e-6, "input_cost_per_token_flex": 1e-6})
    listed = PriceMap(path).find("openai", "gpt-5.2", catalog.snapshot.datetime.now(catalog.snapshot.UTC))
    assert listed is not None
    assert listed.tiers == {0: {"input": Decimal("1.75"), "cached": Decimal("0.175"), "output": Decimal("14")}}


def test_a_file_that_is_no_map_is_refused_by_name(prices: None, tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text("[1]")
    with pytest.raises(CommandError, match=r"prices\.json is no map of models"):
        call_command("check_catalog", path)


def test_staff_read_the_last_report_and_what_ends(prices: None, tmp_path: Path, client: Client, sam: User) -> None:
    client.force_login(sam, backend="accounts.backends.PasswordBackend")
    assert "Not compared yet" in client.get("/admin/").content.decode()
    call_command("check_catalog", written(tmp_path, gpt_5_2={**ROW, "output_cost_per_token": 1.2e-5}))
    page = client.get("/admin/").content.decode()
    assert "output is 14 here, 12 in prices.json" in page
    assert CatalogCheck.objects.count() == 1


def test_a_price_of_a_list_is_a_proposal_that_staff_accept(
    prices: None, tmp_path: Path, client: Client, sam: User
) -> None:
    """The form is filled in with it; nothing is changed until it is sent and confirmed."""
    client.force_login(sam, backend="accounts.backends.PasswordBackend")
    call_command("check_catalog", written(tmp_path, gpt_5_2={**ROW, "output_cost_per_token": 1.2e-5}))
    link = "/admin/inference/price/add/?model=gpt-5.2&output-0=12"
    assert link.replace("&", "&amp;") in client.get("/admin/").content.decode()
    form = client.get(link).context["form"]
    assert [form[name].value() for name in ("input-0", "output-0")] == ["1.75", "12"]
    assert Price.objects.filter(model="gpt-5.2").count() == 1
