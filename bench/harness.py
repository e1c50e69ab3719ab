"""What every benchmark shares: arguments, checks, rows, and how results are printed and written.

with Bench("crash", sys.argv[1:]) as bench:
    bench.check("damage found by fsck", damage, "findings", 0, damage == 0)
    bench.row({"operation": "push", "steps": 41})

`--fast` asks for a run under 30 s, `--json FILE` writes the results. A benchmark exits 0 when it could
measure, whatever the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Bench:
    """One run of one benchmark; a `parser` brings options of its own, read from `options`."""

    def __init__(
        self, name: str, arguments: Sequence[str], parser: argparse.ArgumentParser | None = None
    ) -> None:
        parser = parser or argparse.ArgumentParser(prog=f"bench/{name}.py")
        parser.add_argument("--fast", action="store_true", help="take less than 30 s")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
        options = parser.parse_args(arguments)
        self.name = name
        self.options = options
        self.fast: bool = options.fast
        self._json: Path | None = options.json
        self._checks: list[dict[str, Any]] = []
        self._rows: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        print(f"{self.name}{' (fast)' if self.fast else ''} on {machine()}", flush=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            return
        print_table(self._rows)
        for check in self._checks:
            goal = "" if check["goal"] is None else f" (goal: {check['goal']} {check['unit']})"
            verdict = "holds" if check["holds"] else "DOES NOT HOLD"
            print(f"{verdict}: {check['what']}: {shown(check['value'])} {check['unit']}{goal}")
        if self._json is not None:
            results = {
                "bench": self.name, "machine": machine(), "checks": self._checks, "rows": self._rows,
            }  # fmt: skip
            self._json.write_text(json.dumps(results, indent=2, allow_nan=False) + "\n")

    def check(self, what: str, value: Any, unit: str, goal: Any, holds: bool) -> None:
        """Record one goal of the issue: what was measured, and whether that is good enough."""
        self._checks.append({"what": what, "value": value, "unit": unit, "goal": goal, "holds": bool(holds)})

    def row(self, values: dict[str, Any]) -> None:
        """Record one row of the table."""
        self._rows.append(values)


def machine() -> str:
    """Say in a line what this runs on."""
    return (
        f"{os.cpu_count()} CPU {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    )


def shown(value: Any) -> str:
    """Write a figure with four digits that count."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """Print rows in columns as wide as they need, under the keys of all."""
    titles = list({title: None for row in rows for title in row})
    lines = [titles, *([shown(row.get(title, "")) for title in titles] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(titles))]
    for line in lines if rows else []:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
