#!/usr/bin/env python
import os
import sys

from django.core.management import execute_from_command_line

from conway.chosen_database import announce_to

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conway.settings")
    announce_to(sys.stderr)
    execute_from_command_line(sys.argv)
