"""Known vulnerabilities of what is locked, by pip-audit, which ends with status 0 even where it reached no database.

python -m dependencies.audit        0: looked at, nothing known; 1: something known; 2: not looked at
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from dependencies import locked

PIP_AUDIT = "pip-audit==2.10.1"
COMMAND = (
    *("tool", "run", PIP_AUDIT, "--require-hashes", "--disable-pip", "--progress-spinner", "off"),
    *("--format", "json", "--requirement", str(locked.FILES[1])),
)
UNREACHED = "NOT AUDITED: no database of vulnerabilities could be reached from here."


def asked() -> list[dict[str, Any]] | None:
    """What pip-audit says of each package; None where it says nothing."""
    uv = Path(sys.executable).with_name("uv")
    said = subprocess.run([uv, *COMMAND], capture_output=True, text=True)
    try:
        return json.loads(said.stdout)["dependencies"]
    except (ValueError, KeyError):
        sys.stderr.write(said.stderr[-2000:])
        return None


def judged(packages: list[dict[str, Any]] | None) -> tuple[int, list[str]]:
    """The exit status, and what to say."""
    looked_at = [package for package in packages or () if "skip_reason" not in package]
    if packages is None or not looked_at:
        return 2, [UNREACHED]
    said = [
        f"{package['name']} {package['version']}: {known['id']}, mended in {' '.join(known['fix_versions']) or 'none'}"
        for package in looked_at
        for known in package["vulns"]
    ]
    status = 1 if said else 0
    if missed := [package["name"] for package in packages if "skip_reason" in package]:
        said.append(f"NOT AUDITED: {', '.join(missed)}.")
        status = status or 2
    return status, [*said, f"{len(looked_at)} packages were looked at."]


if __name__ == "__main__":
    status, said = judged(asked())
    print("\n".join(said))
    sys.exit(status)
