"""Spend over time as stacked bars: heights in thousandths, for a template to draw. No script is needed to read it."""

from collections.abc import Mapping
from dataclasses import dataclass

from credits.spend import Slot, Spend

TALL = 1000
SERIES = 7  # colours; the last is for all others
OTHERS = "all others"
STEPS = (1, 2, 5)
LINES = 4  # of the axis, at most
LABELS = 8  # under the bars, about


@dataclass(frozen=True)
class Part:
    series: int
    y: int
    height: int


@dataclass(frozen=True)
class Bar:
    slot: Slot
    cents: int
    parts: list[Part]
    sums: list[tuple[str, int]]  # what for, and cents; the dearest first
    is_unfinished: bool
    has_label: bool


@dataclass(frozen=True)
class Entry:
    """An entry of the legend."""

    series: int
    title: str
    cents: int
    name: str | None  # as it is filtered by; None for all others


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    lines: list[int]  # cents, from the top
    legend: list[Entry]


def chart(spend: Spend, titles: Mapping[str, str]) -> Chart:
    series = series_of(spend)
    slots = spend.slots
    per_slot = {slot: {name: spend.cents.get((slot.start, name), 0) for name in series} for slot in slots}
    most = max((sum(max(cents, 0) for cents in found.values()) for found in per_slot.values()), default=0)
    step = round_step(most)
    tallest = max(1, -(-most // step)) * step
    apart = max(1, -(-len(slots) // LABELS))
    bars = [
        bar(spend, slot, found, series, titles, tallest, (len(slots) - 1 - place) % apart == 0)
        for place, (slot, found) in enumerate(per_slot.items())
    ]
    return Chart(bars, list(range(tallest, -1, -step)), legend(spend, series, titles))


def series_of(spend: Spend) -> dict[str, int]:
    """Name to colour: the cheapest share one."""
    names = spend.sums()
    alone = len(names) <= SERIES
    return {name: place if alone else min(place, SERIES - 1) for place, name in enumerate(names)}


def legend(spend: Spend, series: Mapping[str, int], titles: Mapping[str, str]) -> list[Entry]:
    sums = spend.sums()
    if len(series) <= SERIES:
        return [Entry(number, titles[name], sums[name], name) for name, number in series.items()]
    named = [Entry(number, titles[name], sums[name], name) for name, number in series.items() if number < SERIES - 1]
    rest = sum(sums[name] for name, number in series.items() if number == SERIES - 1)
    return [*named, Entry(SERIES - 1, OTHERS, rest, None)]


def bar(
    spend: Spend,
    slot: Slot,
    cents: Mapping[str, int],
    series: Mapping[str, int],
    titles: Mapping[str, str],
    tallest: int,
    has_label: bool,
) -> Bar:
    """A bar of one slot. Where more came back than was charged for something, it has no part of the bar."""
    parts, reached = [], 0
    for name, number in series.items():
        if cents[name] > 0:
            below = scaled(reached, tallest)
            reached += cents[name]
            top = min(scaled(reached, tallest), below - 1)  # a cent can be seen
            parts.append(Part(number, top, below - top))
    sums = [(titles[name], cents[name]) for name in sorted(cents, key=lambda name: -cents[name]) if cents[name]]
    return Bar(slot, sum(cents.values()), parts, sums, slot.end >= spend.today, has_label)


def scaled(cents: int, tallest: int) -> int:
    return TALL - cents * TALL // tallest


def round_step(most: int) -> int:
    """Between two lines of the axis, in cents: 1, 2 or 5 with zeros."""
    power = 1
    while True:
        for step in STEPS:
            if LINES * step * power >= most:
                return step * power
        power *= 10
