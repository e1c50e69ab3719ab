"""Every benchmark can measure, and says what it measured in the form that `make bench` reads."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hythe.testing.services import or_skip, program

pytestmark = pytest.mark.slow

BENCH = Path(__file__).parents[2] / "bench"
TESTED_ELSEWHERE = {"crash"}
NAMES = sorted(
    path.stem
    for path in BENCH.glob("*.py")
    if path.stem not in {"__main__", "harness"} and path.stem not in TESTED_ELSEWHERE
)
WHATEVER_THE_MACHINE = (
    "WRONG", "CRASHED", "refuses", "requests lost", "without a right answer", "5xx", "that hang", "wrongly",
    "a version that", "over the stated level", "mean number of alarms",
)  # fmt: skip
"""Checks that time and memory have no part in: they hold here, too. A crowded server may turn away."""


LOADED_BY_WRK = {"serving", "overload"}


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_measures_in_its_fast_mode(name: str, tmp_path: Path) -> None:
    if name in LOADED_BY_WRK:
        with or_skip():
            program("wrk")
    results = tmp_path / "results.json"
    command = [sys.executable, str(BENCH / f"{name}.py"), "--fast", "--json", str(results)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(results.read_text())
    assert document["bench"] == name
    assert document["rows"]
    assert document["checks"]
    for check in document["checks"]:
        assert {"what", "value", "unit", "goal", "holds"} <= set(check)
        if any(word in check["what"] for word in WHATEVER_THE_MACHINE):
            assert check["holds"], check


def test_running_them_all_reports_the_checks_that_do_not_hold(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--fast", "monitor_cost"],
        cwd=BENCH.parent, capture_output=True, text=True, timeout=240, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "monitor_cost: " in done.stdout
    assert "checks hold" in done.stdout
