"""The matrix as a table, at the end of the run: a row for each format and model, a column for each case."""

from collections import defaultdict
from collections.abc import Generator
from typing import Any

import pytest

CASES = {
    "test_text_is_the_same_whole_and_streamed": "text and stream",
    "test_what_is_whole_is_what_the_events_add_up_to": "tools",
    "test_parallel_calls_come_apart": "parallel tools",
    "test_a_loop_of_three_turns_goes_on_with_all_that_was_echoed": "loop, echoed",
    "test_replies_keep_to_a_schema": "schema",
    "test_an_image_is_seen_or_refused": "image",
    "test_a_pdf_is_read_or_refused": "PDF",
    "test_a_fault_before_the_first_word_is_a_status_and_free": "error before",
    "test_a_stream_that_breaks_off_has_no_end_and_costs_what_was_said": "error in it",
    "test_who_hangs_up_pays_once": "hang-up {words}",
}
Row = tuple[str, str]

found: dict[Row, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: Any, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    case, given = CASES.get(getattr(item, "originalname", "")), getattr(getattr(item, "callspec", None), "params", {})
    if report.when == "call" and case and "speaker" in given:
        found[given["speaker"].name, given["model"]][case.format(**given)].append(report.outcome)
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if not found:
        return
    columns = list(dict.fromkeys(column for cells in found.values() for column in cells))
    terminalreporter.section("format × model × case")
    heads = ["", *columns]
    rows = [[" ".join(row), *(shown(found[row][column]) for column in columns)] for row in sorted(found)]
    widths = [max(len(line[at]) for line in [heads, *rows]) for at in range(len(heads))]
    for line in [heads, *rows]:
        terminalreporter.write_line("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


def shown(outcomes: list[str]) -> str:
    """How many of a cell's tests passed."""
    if not outcomes:
        return "–"
    passed = outcomes.count("passed")
    return f"{passed} of {len(outcomes)}" + ("" if passed == len(outcomes) else " FAILED")
