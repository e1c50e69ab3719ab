"""Run every benchmark and print the checks that do not hold: `python -m bench [--fast] [NAME …]`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
RESULTS = FOLDER.parent / ".bench"
NOT_BENCHMARKS = {"__init__", "__main__", "harness"}


def main(arguments: list[str]) -> int:
    """Run the benchmarks named, or all; give the number of those that could not measure."""
    options = [item for item in arguments if item.startswith("-")]
    known = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in NOT_BENCHMARKS)
    names = [item for item in arguments if not item.startswith("-")] or known
    RESULTS.mkdir(exist_ok=True)
    failed = [name for name in names if not run(name, options)]
    print()
    for name in names:
        if name not in failed:
            report(json.loads((RESULTS / f"{name}.json").read_text()))
    for name in failed:
        print(f"{name}: could not measure")
    return len(failed)


def run(name: str, options: list[str]) -> bool:
    """Run one benchmark in a process of its own; its JSON goes to `.bench/`."""
    print(f"\n== {name}", flush=True)
    command = [sys.executable, str(FOLDER / f"{name}.py"), "--json", str(RESULTS / f"{name}.json"), *options]
    return subprocess.run(command, check=False).returncode == 0


def report(result: dict[str, object]) -> None:
    """Print the checks of one benchmark that do not hold."""
    checks = result["checks"]
    if not isinstance(checks, list):
        return
    missed = [check for check in checks if not check["holds"]]
    print(f"{result['bench']}: {len(checks) - len(missed)} of {len(checks)} checks hold")
    for check in missed:
        print(f"   {check['what']}: {check['value']} {check['unit']} (goal {check['goal']})")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
