"""Starting is quick: nothing heavy is imported before it is needed."""

import resource
import subprocess
import sys
import time

import pytest

FRAMEWORKS = (
    "sklearn",
    "xgboost",
    "lightgbm",
    "catboost",
    "torch",
    "onnx",
    "onnxruntime",
    "pandas",
    "polars",
)
EMPTY_MS = 12.0


def cpu_ms(arguments: list[str]) -> float:
    """The least processor time of several runs: what the command itself needs, whatever else runs."""
    best = float("inf")
    for _ in range(7):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent_s = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
        best = min(best, spent_s * 1e3)
    return best


def slower() -> float:
    """How much slower than the machine of the limits this one is now, by what an empty program takes."""
    return max(1.0, cpu_ms(["-c", "pass"]) / EMPTY_MS)


def test_importing_hythe_takes_less_than_100_ms() -> None:
    assert cpu_ms(["-c", "import hythe"]) < 100 * slower()


def test_help_takes_less_than_250_ms() -> None:
    assert cpu_ms(["-m", "hythe.cli.main", "--help"]) < 250 * slower()


@pytest.mark.parametrize(
    "code", ["import hythe", "import sys; sys.argv = ['hythe', '--help']; from hythe.cli import main"]
)
def test_neither_imports_a_framework(code: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert [name for name in FRAMEWORKS if name in said] == []


def test_the_clock_of_these_tests_counts_processor_time() -> None:
    start = time.perf_counter()
    assert 0 < cpu_ms(["-c", "pass"]) < (time.perf_counter() - start) * 1e3
