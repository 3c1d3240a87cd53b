"""Every page there is, and every way to narrow it: from the URL resolver, and from the links and forms that a page has
of itself. What is added tomorrow is measured, and tested (tests/pages/test_rows_read.py), without a list of anybody's.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser
from itertools import combinations, product
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.urls import URLPattern, URLResolver, get_resolver

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
GROUP = re.compile(r"\(\?P<(\w+)>[^)]*\)")
LEAVES = ("sign-out", "logout", "/i18n/", "jsi18n", "autocomplete", "/live", "find/")  # ends a walk, or is no page
TYPED = ("q", "id", "receipt")  # fields for whatever somebody has at hand
DAYS = ("since", "until")

Choices = dict[str, list[str]]


@dataclass(frozen=True)
class Known:
    """What there is in the database that is looked at."""

    parts: Mapping[str, Iterable[object]]  # of an address, by the name of its parameter
    rows: Mapping[str, Iterable[object]]  # keys of the rows to open in the admin, by "app/model"
    places: Mapping[str, Iterable[str]]  # where to go on deep in a list, by its address: `after=7`
    typed: Iterable[str]
    days: tuple[date, date]


def addresses(patterns: Iterable[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for found in patterns:
        path = before + GROUP.sub(r"<\1>", str(found.pattern)).replace("^", "").replace("$", "")
        if isinstance(found, URLResolver):
            yield from addresses(found.url_patterns, path)
        else:
            yield f"/{path}"


def paths(known: Known, *, staff: bool) -> list[str]:
    """A page for each known value of its address; none for an address with a parameter of which nothing is known."""
    found: dict[str, None] = {}
    for address in sorted(set(addresses(get_resolver().url_patterns))):
        if (
            address.startswith("/admin/") != staff
            or address.startswith("/v1")
            or any(name in address for name in LEAVES)
        ):
            continue
        found |= dict.fromkeys(filled(address, known))
    return list(found)


def filled(address: str, known: Known) -> Iterator[str]:
    names = PARAMETER.findall(address)
    row = "/".join(address.split("/")[2:4])
    values = [known.rows.get(row, ()) if name == "object_id" else known.parts.get(name, ()) for name in names]
    for chosen in product(*values):
        given = iter(chosen)
        yield PARAMETER.sub(lambda _: str(next(given)), address)  # noqa: B023  # used up at once


@dataclass
class Ways(HTMLParser):
    """The choices that a page offers of itself, by parameter."""

    path: str
    choices: Choices = field(default_factory=dict)
    select: str = ""
    is_own_form: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a":
            self.link(given.get("href", ""))
        elif tag == "form":
            self.is_own_form = given.get("method", "get").lower() == "get" and self.is_own(given.get("action", ""))
        elif self.is_own_form and tag == "select":
            self.select = given.get("name", "")
        elif self.is_own_form and tag == "option" and self.select:
            self.add(self.select, given.get("value", ""))
        elif self.is_own_form and tag == "input" and given.get("type") not in ("hidden", "submit"):
            self.choices.setdefault(given.get("name", ""), [])

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""
        elif tag == "form":
            self.is_own_form = False

    def is_own(self, address: str) -> bool:
        return urlsplit(address).path in ("", self.path)

    def link(self, address: str) -> None:
        if self.is_own(address) and not address.startswith("#"):
            for name, value in parse_qsl(urlsplit(address).query):
                self.add(name, value)

    def add(self, name: str, value: str) -> None:
        values = self.choices.setdefault(name, [])
        if value and value not in values:
            values.append(value)


def ways(path: str, page: str, known: Known, *, thorough: bool = True) -> list[str]:
    """Queries that narrow this page: a value of each choice, whatever may be typed, days and deep places; thoroughly,
    more values, each pair of choices, and each choice in some days, too.
    """
    parser = Ways(path)
    parser.feed(page)
    choices = {name: values for name, values in parser.choices.items() if values and name not in DAYS}
    last = [{name: values[-1]} for name, values in choices.items()]
    typed = [{name: term} for name in TYPED if name in parser.choices for term in known.typed]
    dated = list(periods(known.days)) if {*DAYS} & {*parser.choices} else []
    queries: list[dict[str, str]] = [*last, *typed, *dated]
    if thorough:
        more = [{name: value} for name, values in choices.items() for value in (values[0], values[len(values) // 2])]
        pairs = [one | other for one, other in combinations(last, 2)]
        queries += [*more, *pairs, *(period | choice for period in dated for choice in last)]
    return [*dict.fromkeys(urlencode(query) for query in queries), *known.places.get(path, ())]


def periods(days: tuple[date, date]) -> Iterator[dict[str, str]]:
    """An old day, until then, and since then."""
    old, _ = (day.isoformat() for day in days)
    yield from ({"since": old, "until": old}, {"until": old}, {"since": old})


def list_of(path: str) -> str:
    """Whose ways an export has."""
    return path.removesuffix("export/").removesuffix(".csv")


def visits(read: Callable[[str], str], known: Known, *, staff: bool, thorough: bool = True) -> Iterator[str]:
    """Addresses of pages, each as itself and in its ways. `read` gives a page's HTML, or nothing if it is none."""
    found: dict[str, list[str]] = {}
    for path in paths(known, staff=staff):
        yield path
        if path != list_of(path):
            queries = found.get(list_of(path), []) if thorough else []
        else:
            queries = found[path] = ways(path, read(path), known, thorough=thorough)
        yield from (f"{path}?{query}" for query in queries)
