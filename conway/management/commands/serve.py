import asyncio
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.checks import Tags
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from psycopg.errors import InsufficientPrivilege

from conway import metrics_folder, workers
from conway.common import commands
from conway.handover import Predecessor
from conway.unprivileged import EmbeddedPostgresError


class Command(commands.Command):
    help = "Serves everything: Daphne, as many worker processes as asked for, on one port."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.PORT, help="0 takes a free port and prints it")
        parser.add_argument(
            "--take-over",
            action="store_true",
            help="takes the port from the server that runs, if there is one, and stops that when this one is ready",
        )
        parser.add_argument("--workers", type=int, default=settings.CONWAY_WORKERS)

    def handle(self, *args: Any, host: str, port: int, workers: int, take_over: bool = False, **options: Any) -> None:
        if workers < 1:
            raise CommandError("--workers must be at least 1")
        self.check_database()
        self.collect_static()
        if workers > 1 and not settings.REDIS_URL:
            self.stderr.write(self.style.WARNING("Without REDIS_URL, live pages see only what their own worker does."))
        try:
            sys.exit(self.serve(host, port, workers, self.predecessor(port) if take_over else None))
        except TimeoutError as error:
            raise CommandError("The sandbox did not start") from error

    def predecessor(self, port: int) -> Predecessor | None:
        try:
            running = Predecessor()
        except OSError:
            return None  # a first start
        if port not in (0, found := running.listening.getsockname()[1]):
            raise CommandError(f"The server that runs listens on port {found}; --take-over cannot change that.")
        return running

    def serve(self, host: str, port: int, count: int, predecessor: Predecessor | None) -> int:
        try:
            listening = predecessor.listening if predecessor else workers.listen(host, port)
        except OSError as error:
            raise CommandError(f"Cannot listen on {host}:{port}: {error.strerror}") from error

        def ready() -> None:
            if predecessor:
                predecessor.stop()
            self.greet(f"http://{host}:{listening.getsockname()[1]}")

        with metrics_folder.made() as metrics:
            return asyncio.run(
                workers.serve(
                    workers.Workers(listening, count, metrics=metrics),
                    sandbox=settings.CONWAY_SANDBOX and not settings.CONWAY_SANDBOX_URL,
                    stop_seconds=settings.CONWAY_STOP_SECONDS,
                    ready=ready,
                )
            )

    def greet(self, url: str) -> None:
        self.stdout.write(f"Conway Inference listens on {url}")
        self.stdout.flush()

    def check_database(self) -> None:
        """Workers that cannot start would be started again and again; one sentence here is clearer."""
        try:
            self.check(tags=[Tags.database], databases=["default"])
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                raise CommandError("The database is not migrated: run `python manage.py migrate`")
        except (DatabaseError, EmbeddedPostgresError) as error:
            ungranted = isinstance(error.__cause__, InsufficientPrivilege)
            way_out = ". Run `python manage.py migrate`: it grants what the application needs" if ungranted else ""
            raise CommandError(f"The database cannot be used: {error}{way_out}") from error
        finally:
            connection.close()

    def collect_static(self) -> None:
        manifest = Path(settings.STATIC_ROOT, "staticfiles.json")
        if not manifest.exists() or manifest.stat().st_mtime < newest_source():
            call_command("collectstatic", interactive=False, verbosity=0)


def newest_source() -> float:
    files = (storage.path(name) for finder in get_finders() for name, storage in finder.list([]))
    return max(Path(path).stat().st_mtime for path in files)
