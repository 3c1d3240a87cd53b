"""What of the corpus was the same, told at the end of the run."""

from typing import Any

tallies: list[str] = []


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if tallies:
        terminalreporter.section("recorded exchanges, played inwards")
        for told in tallies:
            terminalreporter.write_line(told)
