"""Machines: network namespaces of Linux with an address of their own each, on a bridge that this process is on, too.

Each may be cut off from the others, and may have a clock that is wrong. Only root may make them.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

IP = shutil.which("ip") or shutil.which("ip", path="/usr/sbin:/sbin")


@dataclass(frozen=True)
class Machine:
    """`within`: what a command begins with that is to run there."""

    address: str
    network: str
    within: tuple[str, ...] = ()
    link: str = ""

    def cut_off(self) -> None:
        """Packets are lost without a word, as when a cable is drawn."""
        ip("link", "set", self.link, "down")

    def put_back(self) -> None:
        ip("link", "set", self.link, "up")

    @contextmanager
    def away(self) -> Iterator[None]:
        self.cut_off()
        try:
            yield
        finally:
            self.put_back()

    def with_clock(self, environment: dict[str, str]) -> "Machine":
        set_so = ["env", *(f"{name}={value}" for name, value in environment.items())]
        return Machine(self.address, self.network, (*self.within, *set_so), self.link)


HERE = Machine("127.0.0.1", "127.0.0.1/32")


@dataclass
class Network:
    """A bridge with this process at its first address."""

    name: str = field(default_factory=lambda: f"cw{os.getpid() % 100_000}")
    machines: list[Machine] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.prefix = f"10.213.{os.getpid() % 250 + 1}"
        ip("link", "add", self.name, "type", "bridge")
        ip("address", "add", f"{self.address}/24", "dev", self.name)
        ip("link", "set", self.name, "up")

    @property
    def address(self) -> str:
        return f"{self.prefix}.1"

    def machine(self) -> Machine:
        number = len(self.machines) + 2
        space, link = f"{self.name}n{number}", f"{self.name}v{number}"
        made = Machine(f"{self.prefix}.{number}", f"{self.prefix}.0/24", (str(IP), "netns", "exec", space), link)
        ip("netns", "add", space)
        self.machines.append(made)
        ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", space)
        ip("link", "set", link, "master", self.name, "up")
        ip("-n", space, "address", "add", f"{made.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            ip("-n", space, "link", "set", device, "up")
        return made

    def close(self) -> None:
        for machine in self.machines:
            ip("netns", "delete", machine.within[-1])
        ip("link", "delete", self.name)


def ip(*arguments: str) -> None:
    assert IP
    done = subprocess.run([IP, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


@contextmanager
def network() -> Iterator[Network]:
    made = Network()
    try:
        yield made
    finally:
        made.close()


def why_not() -> str:
    """Why this process can make no machines; nothing if it can."""
    if os.geteuid() != 0:
        return "only root makes network namespaces"
    if IP is None:
        return "there is no `ip` (iproute2)"
    try:
        with network() as tried:
            tried.machine()
    except OSError as error:
        return str(error)
    return ""


CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long off(void) { const char *s = getenv("CLOCK_OFF_BY"); return s ? atol(s) : 0; }
int clock_gettime(clockid_t which, struct timespec *at) {
  int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
  int said = real(which, at);
  if (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE) at->tv_sec += off();
  return said;
}
int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  struct timespec now;
  int said = clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec; at->tv_usec = now.tv_nsec / 1000;
  return said;
}
time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
"""


def wrong_clock(folder: Path, seconds: int) -> dict[str, str] | None:
    """The environment of programs whose clock is so far off; None where there is no C compiler."""
    compiler, library = shutil.which("cc"), folder / "clock.so"
    if compiler is None:
        return None
    if not library.exists():
        (folder / "clock.c").write_text(CLOCK)
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, folder / "clock.c", "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "CLOCK_OFF_BY": str(seconds)}
