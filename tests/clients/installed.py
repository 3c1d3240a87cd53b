"""Clients from their registries, installed once into var/clients and kept there: `make test-clients`."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).parent
KEPT = Path(os.environ.get("CONWAY_CLIENTS") or HERE.parents[1] / "var" / "clients")
PROGRAMS = HERE / "programs"
INSTALL_SECONDS = 900
RUN_SECONDS = 180


@dataclass(frozen=True)
class Clients:
    """Where they are. What is not there skips its test with the reason."""

    folder: Path

    def program(self, name: str) -> list[str]:
        node("node_modules", self.folder / "node")
        found = self.folder / "node" / "node_modules" / ".bin" / name
        if not found.exists():
            pytest.skip(f"{name} has no build for this machine")
        return [str(found)]

    def node(self, script: str, documented: str) -> list[str]:
        """`documented`: what its documentation says, whose names it imports. Node looks for packages beside it."""
        folder = node("node_modules", self.folder / "node")
        shutil.copy(PROGRAMS / f"{script}.mjs", folder)
        (folder / "documented.mjs").write_text(documented.replace("\nconst ", "\nexport const "))
        return ["node", str(folder / f"{script}.mjs")]

    def python(self, requirements: str) -> str:
        return str(environment(requirements, self.folder / requirements))


def node(modules: str, folder: Path) -> Path:
    if shutil.which("npm") is None:
        pytest.skip("there is no npm on this machine")
    folder.mkdir(parents=True, exist_ok=True)
    wanted, marker = (HERE / "package.json").read_text(), folder / "installed.json"
    if not (marker.exists() and marker.read_text() == wanted):
        (folder / "package.json").write_text(wanted)
        install(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"], folder)
        marker.write_text(wanted)
    return folder


def environment(requirements: str, folder: Path) -> Path:
    """The interpreter of an environment with what HERE/REQUIREMENTS.txt lists."""
    python, marker = folder / "bin" / "python", folder / "installed.txt"
    wanted = (HERE / f"{requirements}.txt").read_text()
    if not (marker.exists() and marker.read_text() == wanted):
        uv = str(Path(sys.executable).parent / "uv")
        folder.parent.mkdir(parents=True, exist_ok=True)
        install([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(folder)], folder.parent)
        install([uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python),
                 "-r", str(HERE / f"{requirements}.txt")], folder)  # fmt: skip
        marker.write_text(wanted)
    return python


def install(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        timeout=INSTALL_SECONDS,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"its registry was not reached, or has it no more: {' '.join(done.stdout.split())[-300:]}")


def run(command: list[str], folder: Path, **environment: str) -> str:
    """What it printed. It sees a home of its own, and nothing of this machine's settings but its way to the network."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    told = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR")}
    done = subprocess.run(
        command,
        cwd=folder,
        env={**told, "HOME": str(home), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    return done.stdout


def end_all_of(home: Path, seconds: float = 5) -> list[int]:
    """Ends what a program left running in a home of ours (Cline its hub), each by its process id; those it ended."""
    found = [pid for pid in processes() if f"HOME={home}".encode() in environment_of(pid)]
    for signum in (signal.SIGTERM, signal.SIGKILL):
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signum)
        deadline = time.monotonic() + seconds
        while any(environment_of(pid) for pid in found) and time.monotonic() < deadline:
            time.sleep(0.05)
    return found


def processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def environment_of(pid: int) -> list[bytes]:
    """Nothing of one that has ended, or is another user's."""
    try:
        return [entry for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") if entry]
    except OSError:
        return []
