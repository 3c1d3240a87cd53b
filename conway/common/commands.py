"""What our commands share: our own checks of the settings run before them, and no others.

Django would run all of its own too, which import every page and look at every model for mistakes of programming: a
third of what a command takes. `manage.py check` and `make check` do that.
"""

from django.core.management.base import BaseCommand

SETTINGS = "settings"  # the tag of those checks (conway/checks.py)


class Command(BaseCommand):
    requires_system_checks = [SETTINGS]
