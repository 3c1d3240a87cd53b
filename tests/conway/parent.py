"""`python -m tests.conway.parent WORKERS [sandbox]`: the application of answers.py under a parent, as `serve` would run
ours: the same processes, and quickly there.
"""

import asyncio
import sys

from django.conf import settings

from conway import workers

listening = workers.listen("127.0.0.1", 0)
status = asyncio.run(
    workers.serve(
        workers.Workers(listening, int(sys.argv[1]), "tests.conway.answers"),
        sandbox="sandbox" in sys.argv,
        stop_seconds=settings.CONWAY_STOP_SECONDS,
        ready=lambda: print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True),
    )
)
sys.exit(status)
