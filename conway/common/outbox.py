"""Mail is sent after the answer, by threads of its own: a mail server that says nothing keeps nobody waiting.

Jobs wait in memory, and not many: what does not fit is dropped and logged, as is what a process is ended with. Nobody
is promised more than "a link is on its way"; who gets none asks again.
"""

import atexit
import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty, Full, Queue

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from conway.common.lending import give_back

logger = logging.getLogger(__name__)

Job = Callable[[], object]

WAITING_MAX = 200
SENDERS = 2  # two silences at once; the third mail waits for the timeout of the first
IDLE_SECONDS = 5  # then a sender ends

_jobs: Queue[Job] = Queue(WAITING_MAX)
_senders: set[threading.Thread] = set()
_lock = threading.Lock()


class EmailBackend(BaseEmailBackend):
    """Django's way to send a mail; EMAIL_BACKEND of the environment is who really does."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        return sum(post(partial(deliver, message)) for message in messages)


def deliver(message: EmailMessage) -> None:
    get_connection(settings.EMAIL_DELIVERED_BY).send_messages([message])


def post(job: Job) -> bool:
    """Whether there was room for it. It is done soon, by a thread, which gives its connection to the database back
    after each: a job that finds out what to send posts the sending as another."""
    try:
        _jobs.put_nowait(job)
    except Full:
        logger.error("%s mails wait for the mail server; one more is not sent", WAITING_MAX)
        return False
    with _lock:
        if len(_senders) < SENDERS:
            sender = threading.Thread(target=work, name="outbox", daemon=True)
            _senders.add(sender)
            sender.start()
    return True


def work() -> None:
    while True:
        try:
            job = _jobs.get(timeout=IDLE_SECONDS)
        except Empty:
            with _lock:
                if _jobs.empty():
                    _senders.discard(threading.current_thread())
                    return
            continue
        try:
            job()
        except Exception as error:  # whatever a mail server may say
            logger.error("A mail was not sent: %r", error)
        finally:
            give_back()
            _jobs.task_done()


def rest(seconds: float) -> bool:
    """Waits until all is sent, so long at most."""
    deadline = time.monotonic() + seconds
    while _jobs.unfinished_tasks and time.monotonic() < deadline:
        time.sleep(0.01)
    return not _jobs.unfinished_tasks


@atexit.register
def last_post() -> None:
    if not rest(seconds=3):
        logger.error("%s mails were not sent before the end", _jobs.unfinished_tasks)
