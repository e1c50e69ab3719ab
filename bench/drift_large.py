"""Drift of a large Parquet file: seconds and peak memory of `hythe drift` and of Evidently's preset.

python bench/drift_large.py [--fast] [--json FILE] [--patience SECONDS]

Both get the same 10,000 reference rows and the same file of 1,000,000 rows of 100 numbers, three of which
moved, and are timed as whole processes, from the start of the interpreter to the verdict. Evidently has its
default settings; it is given up after `--patience` seconds, and then its time is at least that. A tenth of
the rows is measured beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from harness import Bench
from peers.environment import HERE, NotInstalled, install, installed, program
from sklearn.linear_model import LinearRegression

import hythe

PEER = "evidently"
PROCESS = Path(__file__).parent / "large" / "process.py"
MOVED = 3
REFERENCE_ROWS = 10_000
PIECE_ROWS = 100_000
REPEATS = 3
TIMES_FASTER, MEMORY_MB = 20.0, 500.0


@dataclass(frozen=True)
class Run:
    """One process: what it took, and the JSON that it printed; `ended` is false where it was given up."""

    seconds: float
    cpu_seconds: float
    memory_mb: float
    said: dict[str, Any]
    ended: bool


def names(features: int) -> list[str]:
    return [f"x{place:03d}" for place in range(features)]


def columns(rows: int, features: int, seed: int, shift: float = 0.0) -> dict[str, np.ndarray]:
    """Draw numbers of different scales and shapes; `shift` moves the mean of the first ones."""
    rng = np.random.default_rng(seed)
    found = {}
    for place, name in enumerate(names(features)):
        values = rng.normal(size=rows) if place % 3 else rng.gamma(2.0, size=rows)
        found[name] = (values + (shift if place < MOVED else 0.0)) * (1.0 + place)
    return found


def write(path: Path, rows: int, features: int) -> Path:
    """Write a file piece by piece, so that making it takes no memory either."""
    writer: pq.ParquetWriter | None = None
    for start in range(0, rows, PIECE_ROWS):
        table = pa.table(columns(min(PIECE_ROWS, rows - start), features, 1000 + start, shift=0.1))
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return path


def prepare(folder: Path, features: int) -> None:
    """Pack a model with the reference rows, and write these for Evidently."""
    rows = pd.DataFrame(columns(REFERENCE_ROWS, features, 0))
    rows.to_parquet(folder / "reference.parquet")
    model = LinearRegression().fit(rows, rows.sum(axis=1))
    hythe.pack(model, "large", examples=rows, home=folder / "home")


def measured(command: list[str], patience_s: float) -> Run:
    """Run a process on its own and see what it took."""
    runner = [sys.executable, "-S", str(PROCESS), str(patience_s), *command]
    environment = {**os.environ, "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(runner, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} … failed: {done.stderr}")
    return Run(**json.loads(done.stdout))


def ours(folder: Path, data: Path) -> Run:
    home = str(folder / "home")
    command = ["-m", "hythe.cli.main", "drift", "large", "--data", str(data), "--home", home, "--json"]
    return measured([sys.executable, *command], 600.0)


def theirs(folder: Path, data: Path, patience_s: float) -> Run:
    script = str(HERE / PEER / "report.py")
    return measured(
        [program(PEER, "python"), script, str(folder / "reference.parquet"), str(data)], patience_s
    )


def alarming(found: Run) -> set[str]:
    """Name the features that alarm."""
    [report] = found.said["reports"]
    subjects = {each["subject"] for each in report["findings"] if each["verdict"] == "alarm"}
    return {subject.partition(":")[2] for subject in subjects}


def compare(bench: Bench, folder: Path, rows: int, features: int, patience_s: float, *, peer: bool) -> None:
    """Measure one size."""
    data = write(folder / f"current-{rows}.parquet", rows, features)
    runs = [ours(folder, data) for _ in range(REPEATS)]
    seconds = statistics.median(each.seconds for each in runs)
    cpu = statistics.median(each.cpu_seconds for each in runs)
    memory = max(each.memory_mb for each in runs)
    size = f"{rows:,} rows x {features} features"
    bench.row({"rows": rows, "tool": "hythe drift", "seconds": seconds, "CPU s": cpu, "peak MB": memory})
    wrongly = {*names(features)[:MOVED]} ^ alarming(runs[0])
    bench.check(f"features judged wrongly, {size}", len(wrongly), "features", 0, not wrongly)
    bench.check(f"peak memory of hythe drift, {size}", memory, "MB", MEMORY_MB, memory <= MEMORY_MB)
    if peer:
        other = theirs(folder, data, patience_s)
        ratio = other.seconds / seconds
        said = {} if other.ended else {"given up after": f"{patience_s:.0f} s"}
        row = {"rows": rows, "tool": "Evidently DataDriftPreset", "seconds": other.seconds}
        row |= {"CPU s": other.cpu_seconds, "peak MB": other.memory_mb, "times slower": ratio}
        bench.row({**row, "times more CPU": other.cpu_seconds / cpu, **said})
        what = f"times faster than Evidently's preset, {size}" + ("" if other.ended else ", at least")
        bench.check(what, ratio, "times", TIMES_FASTER, ratio >= TIMES_FASTER)
    data.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/drift_large.py")
    parser.add_argument("--patience", type=float, default=1200.0, help="seconds that Evidently is waited for")
    with Bench("drift_large", sys.argv[1:], parser) as bench, tempfile.TemporaryDirectory() as name:
        folder, features = Path(name), 20 if bench.fast else 100
        peer = installed(PEER)
        if not peer and not bench.fast:
            try:
                install(PEER)
                peer = True
            except NotInstalled as err:
                bench.row({"tool": f"Evidently is not installed: {err}"})
        prepare(folder, features)
        for rows in (20_000,) if bench.fast else (100_000, 1_000_000):
            compare(bench, folder, rows, features, bench.options.patience, peer=peer and not bench.fast)


if __name__ == "__main__":
    main()
