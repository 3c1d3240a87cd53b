from typing import Any

from django.core.management.base import BaseCommand

from conway.settings_documents import DOCUMENTS


class Command(BaseCommand):
    help = "Writes docs/settings.md and .env.example anew from conway/variables.py."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for path, made in DOCUMENTS.items():
            path.write_text(made())
            self.stdout.write(f"{path} is written.")
