#!/usr/bin/env python
import gc
import os
import sys

gc.set_threshold(20_000, 10, 10)  # no import makes garbage, and looking for it is a tenth of a command's start

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from conway.chosen_database import announce_to

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conway.settings")
    try:
        _ = settings.DEBUG  # which reads them all: what is wrong is a sentence, and no traceback
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    announce_to(sys.stderr)
    execute_from_command_line(sys.argv)
