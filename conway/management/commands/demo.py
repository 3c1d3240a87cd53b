from argparse import ArgumentParser
from typing import Any

from conway import demo
from conway.management.commands import serve


class Command(serve.Command):
    help = "Makes what a first look needs; with --serve, serves it and prints how to use it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--serve", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        self.check_database()
        self.made = demo.ensure()
        if options.pop("serve"):
            super().handle(*args, **options)

    def greet(self, url: str) -> None:
        self.stdout.write(demo.welcome(self.made, url))
        self.stdout.flush()
