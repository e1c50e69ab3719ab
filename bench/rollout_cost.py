"""What a rollout costs those who are served while it runs: routing and counting, and copies to a shadow."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from costs.routing import choice, routing
from costs.shadow import shadow
from fixtures.serving import demo
from harness import Bench


def main() -> None:
    """Measure each part, and compare with the goals."""
    with Bench("rollout_cost", sys.argv[1:]) as bench, tempfile.TemporaryDirectory() as folder:
        made = demo(Path(folder))
        choice(bench)
        routing(bench, made)
        shadow(bench, made)


if __name__ == "__main__":
    main()
