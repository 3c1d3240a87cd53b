"""What a client leaves running, Cline's hub above all, ends with its test."""

import os
import subprocess
import sys
from pathlib import Path

from tests.clients.installed import end_all_of, environment_of, run

LEAVES_ONE = """
import subprocess, sys
left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True,
                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(left.pid)
"""


def test_what_a_program_left_running_in_its_home_is_ended_and_nothing_else(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        left = int(run([sys.executable, "-c", LEAVES_ONE], tmp_path))
        os.kill(left, 0)
        assert end_all_of(tmp_path / "home") == [left]
        assert environment_of(left) == []
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
