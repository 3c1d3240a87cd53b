import subprocess
import sys
from pathlib import Path

from tests import run
from tests.each import of_each

ROOT = Path(__file__).parent.parent
FILES = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("tests/**/test_*.py"))


def takes(group: run.Group, file: str) -> bool:
    ignored = tuple(path.removeprefix("--ignore=") for path in group.paths if path.startswith("-"))
    return file.startswith(group.paths) and not file.startswith(ignored)


@of_each("file", FILES)
def test_each_file_is_run_by_one_group(file: str) -> None:
    assert len([name for name, group in run.GROUPS.items() if takes(group, file)]) == 1


def test_what_a_process_and_its_own_took_of_the_processor_is_told() -> None:
    program = "import subprocess, sys; print('said'); subprocess.run([sys.executable, '-c', 'sum(range(10**7))'])"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    status, printed, processor = run.finished(process)
    assert (status, printed) == (0, "said\n")
    assert processor > 0.05
