"""What monitoring costs those who are served, the processors, and the catalog.

A live server with monitoring takes turns with one without, at a fixed rate; beside that, what a serving
process and the sidecar spend on a record by itself, and how large windows are.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from costs.monitoring import live
from costs.records import records
from costs.window_size import window_size
from fixtures.serving import demo
from harness import Bench


def main() -> None:
    """Measure each part, and compare with the goals."""
    with Bench("monitor_cost", sys.argv[1:]) as bench, tempfile.TemporaryDirectory() as folder:
        made = demo(Path(folder))
        found = live(bench, made)
        window_size(bench, found)
        records(bench)


if __name__ == "__main__":
    main()
