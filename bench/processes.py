"""What Linux says of a process and all that came from it."""

import os
import resource
from collections import defaultdict
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def tree(root: int, without: int | None = None) -> list[int]:
    children: dict[int, list[int]] = defaultdict(list)
    for process in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        if facts := stat(process):
            children[int(facts[1])].append(process)
    found = [root]
    for process in found:  # grows as it goes
        found += [child for child in children[process] if child != without]
    return found


def stat(process: int) -> list[str]:
    """The fields after the command's name, which may hold anything; none of a process that has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def cpu_seconds(root: int, without: int | None = None) -> float:
    """Its children's that have ended, too."""
    return sum(sum(map(int, facts[11:15])) for process in tree(root, without) if (facts := stat(process))) / TICKS


def resident_mb(root: int) -> float:
    """Of the largest."""
    return max(int(facts[21]) for process in tree(root) if (facts := stat(process))) * PAGE / 2**20


def sockets(root: int) -> int:
    """Of the whole tree."""
    return sum(map(is_socket, (each for process in tree(root) for each in descriptors(process))))


def descriptors(process: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{process}/fd").iterdir())
    except OSError:  # it has ended
        return []


def is_socket(descriptor: Path) -> bool:
    try:
        return os.readlink(descriptor).startswith("socket:")
    except OSError:  # closed meanwhile
        return False


def children(root: int) -> int:
    return len(tree(root)) - 1


def raise_descriptors() -> None:
    """As far as the system lets us: a stream is a socket, here and there."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
