from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from conway.common import commands
from inference import catalog
from inference.reporting import price_check
from inference.reporting.price_lists import GenaiPrices, PriceList, PriceMap


class Command(commands.Command):
    help = (
        "Compares prices, limits and dates of the catalogue with public price lists and prints where they disagree. "
        "Nothing is changed: staff read the report on their front page and announce prices there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("maps", nargs="*", type=Path, help="JSON price maps in LiteLLM's form")

    def handle(self, *args: Any, **options: Any) -> None:
        lists = list(self.lists(options["maps"]))
        if not lists:
            raise CommandError("There is no list to compare with: install genai-prices, or name a JSON price map.")
        found = price_check.check(catalog.current_sync(), lists)
        price_check.record(found, [price_list.name for price_list in lists])
        for finding in found:
            self.stdout.write(
                f"{finding.model}: {finding.what} is {finding.ours} here, {finding.theirs} in {finding.source}"
            )
        self.stdout.write(f"{len(found)} disagreements with {', '.join(price_list.name for price_list in lists)}.")

    def lists(self, maps: list[Path]) -> list[PriceList]:
        found: list[PriceList] = []
        try:
            found.append(GenaiPrices())
        except ImportError:
            self.stderr.write("genai-prices is not installed: it is compared with the named maps only.")
        for path in maps:
            try:
                found.append(PriceMap(path))
            except (OSError, ValueError) as error:
                raise CommandError(f"{path}: {error}") from error
        return found
