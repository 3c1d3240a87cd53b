"""`python -m inference.sandbox --port N`: serve until SIGTERM. Port 0 takes a free one; the ready line names it."""

import argparse
import asyncio
from pathlib import Path

from .app import Sandbox
from .fault_injection import Orders
from .meter import Meter
from .server import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m inference.sandbox", description="The five providers, simulated.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--meter", type=Path, help="append one JSON line per finished request to this file")
    parser.add_argument("--pace", type=int, default=0, help="milliseconds per word, where a request orders none")
    options = parser.parse_args()
    asyncio.run(serve(Sandbox(Meter(options.meter), Orders(pace=options.pace)), options.host, options.port))


if __name__ == "__main__":
    main()
