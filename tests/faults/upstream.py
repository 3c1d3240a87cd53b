"""The providers: the sandbox as a process of its own, and what it metered."""

import subprocess
import sys
from typing import Any

import httpx2 as httpx

Row = dict[str, Any]


class Upstream:
    def __init__(self, host: str = "127.0.0.1") -> None:
        command = [sys.executable, "-m", "inference.sandbox", "--host", host, "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.url = self.process.stdout.readline().split()[-1]
        self.http = httpx.Client(base_url=self.url, timeout=30)

    def meter(self) -> list[Row]:
        rows: list[Row] = self.http.get("/meter").json()
        return rows

    def forget(self) -> None:
        self.http.delete("/meter")
        self.http.post("/control", json={"reset": True})

    def close(self) -> None:
        self.http.close()
        self.process.terminate()
        self.process.wait(10)
