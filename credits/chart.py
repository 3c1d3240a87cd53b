"""Spend by day as a stacked bar chart: rectangles in whole pixels, for a template to write as SVG."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from credits.spend import Spend

WIDTH, HEIGHT = 720, 200
LEFT, RIGHT, TOP, BOTTOM = 46, 0, 8, 22
SERIES = 7  # colours; the last is for all other models
OTHERS = "other models"
STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Part:
    series: int
    y: int
    height: int


@dataclass(frozen=True)
class Bar:
    day: date
    x: int
    cents: int
    parts: list[Part]
    said: list[tuple[str, int]]  # model and cents


@dataclass(frozen=True)
class Line:
    y: int
    cents: int


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    lines: list[Line]
    legend: list[tuple[int, str, int]]  # series, model, cents
    slot: int
    bar: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    top: int = TOP
    floor: int = HEIGHT - BOTTOM

    @property
    def labelled(self) -> list[Bar]:
        """A date under every seventh bar, counted from today."""
        return self.bars[::-1][::7][::-1]


def chart(spend: Spend) -> Chart:
    named = named_models(spend)
    days = {day: of_day(spend, day, named) for day in spend.days}
    step = round_step(max(sum(max(cents, 0) for cents in day.values()) for day in days.values()))
    tallest = 4 * step
    slot = (WIDTH - LEFT - RIGHT) // len(days)
    bars = [bar(day, LEFT + slot * place, cents, named, tallest) for place, (day, cents) in enumerate(days.items())]
    legend = [(series, model, sum(day.get(model, 0) for day in days.values())) for model, series in named.items()]
    lines = [Line(scaled_y(step * line, tallest), step * line) for line in range(5)]
    return Chart(bars, lines, legend, slot, slot - 6)


def named_models(spend: Spend) -> dict[str, int]:
    """Model to series; the cheapest share one."""
    models = [model or "unknown" for model in spend.models()]
    if len(models) <= SERIES:
        return {model: series for series, model in enumerate(models)}
    return {model: series for series, model in enumerate([*models[: SERIES - 1], OTHERS])}


def of_day(spend: Spend, day: date, named: Mapping[str, int]) -> dict[str, int]:
    cents: dict[str, int] = {}
    for model in spend.models():
        name = (model or "unknown") if (model or "unknown") in named else OTHERS
        if spent := spend.cents.get((day, model), 0):
            cents[name] = cents.get(name, 0) + spent
    return cents


def bar(day: date, x: int, cents: Mapping[str, int], named: Mapping[str, int], tallest: int) -> Bar:
    """A day on which more came back than was spent on a model has no part of it."""
    parts, reached = [], 0
    for model in sorted(cents, key=lambda name: named[name]):
        if cents[model] > 0:
            below = scaled_y(reached, tallest)
            reached += cents[model]
            top = min(scaled_y(reached, tallest), below - 1)  # a cent can be seen
            parts.append(Part(named[model], top, below - top))
    return Bar(day, x, sum(cents.values()), parts, sorted(cents.items(), key=lambda item: -item[1]))


def scaled_y(cents: int, tallest: int) -> int:
    return HEIGHT - BOTTOM - cents * (HEIGHT - BOTTOM - TOP) // tallest


def round_step(most: int) -> int:
    """A quarter of the axis, in cents: 1, 2 or 5 with zeros."""
    power = 1
    while True:
        for step in STEPS:
            if 4 * step * power >= most:
                return step * power
        power *= 10
