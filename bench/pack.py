"""Packing a forest of 100 trees with 10,000 example rows: time, memory, and loading with goldens replayed.

Each measurement is a process of its own, which reads the fitted model from a file, loads what Hythe needs by
packing something tiny, and then packs, or loads, once. Memory is the highest that the process held above what
it held just before packing.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from harness import Bench
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

PACK_S, LOAD_S, MEMORY_TIMES = 15.0, 0.5, 3.0


def table(rows: int) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """Make 20 columns of numbers, and two classes that depend on some of them with noise."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(rows, 20)), columns=[f"number_{i}" for i in range(20)])
    score = frame["number_0"] * frame["number_1"] + np.sin(3 * frame["number_2"]) + frame["number_3"]
    return frame, (score + rng.normal(size=rows) > 0).to_numpy().astype(int)


def memory_mb(field: str) -> float:
    """Read this process's memory from the kernel: `VmRSS` now, `VmHWM` at its highest."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def measure_pack(folder: Path, home: Path) -> dict[str, float]:
    """Pack the model once, in this process."""
    import hythe

    model, frame, labels = joblib.load(folder / "model.joblib")
    tiny = frame[:20]
    hythe.pack(LogisticRegression().fit(tiny, labels[:20]), "tiny", examples=tiny, home=home / "tiny")
    Path("/proc/self/clear_refs").write_text("5")  # the kernel forgets the highest so far
    before = memory_mb("VmRSS")
    start = time.perf_counter()
    hythe.pack(model, "forest", examples=frame, targets=labels, home=home)
    taken = time.perf_counter() - start
    return {"s": taken, "memory_mb": memory_mb("VmHWM") - before}


def measure_load(home: Path) -> dict[str, float]:
    """Load the version once with all goldens replayed, in this process."""
    import hythe

    hythe.load("tiny", home=home / "tiny")
    start = time.perf_counter()
    hythe.load("forest", home=home)
    return {"s": time.perf_counter() - start}


def in_a_process(what: str, folder: Path, home: Path) -> dict[str, float]:
    """Measure in a fresh interpreter."""
    command = [sys.executable, __file__, what, str(folder), str(home)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main(arguments: list[str]) -> None:
    """Fit the forest, pack it and load it, each a few times."""
    with Bench("pack", arguments) as bench, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        trees, rows = (30, 3000) if bench.fast else (100, 10_000)
        frame, labels = table(rows)
        model = RandomForestClassifier(trees, random_state=0).fit(frame, labels)
        thresholds = sum(int((tree.tree_.feature >= 0).sum()) for tree in model.estimators_)
        joblib.dump((model, frame, labels), folder / "model.joblib")
        size_mb = _model_mb(model, folder)
        examples_mb = float(frame.memory_usage(deep=True).sum()) / 2**20
        packs, loads = [], []
        for turn in range(1 if bench.fast else 3):
            home = folder / f"home{turn}"
            packs.append(in_a_process("pack", folder, home))
            loads.append(in_a_process("load", folder, home))
        _report(bench, {"trees": trees, "rows": rows, "thresholds": thresholds}, packs, loads)
        _checks(bench, packs, loads, MEMORY_TIMES * size_mb + examples_mb)


def _model_mb(model: Any, folder: Path) -> float:
    path = folder / "alone.joblib"
    joblib.dump(model, path)
    return path.stat().st_size / 2**20


def _report(
    bench: Bench, about: dict[str, int], packs: list[dict[str, float]], loads: list[dict[str, float]]
) -> None:
    for packed, loaded in zip(packs, loads, strict=True):
        bench.row(
            {
                **about,
                "pack_s": round(packed["s"], 2),
                "memory_mb": round(packed["memory_mb"], 1),
                "load_s": round(loaded["s"], 3),
            }
        )


def _checks(
    bench: Bench, packs: list[dict[str, float]], loads: list[dict[str, float]], most_mb: float
) -> None:
    pack_s = statistics.median(item["s"] for item in packs)
    memory = max(item["memory_mb"] for item in packs)
    load_s = statistics.median(item["s"] for item in loads)
    bench.check("packing", round(pack_s, 2), "s", f"≤ {PACK_S:g}", pack_s <= PACK_S)
    what = "memory above the process before packing (3 model files and the examples)"
    bench.check(what, round(memory, 1), "MB", f"≤ {most_mb:.0f}", memory <= most_mb)
    bench.check("loading with all goldens replayed", round(load_s, 3), "s", f"≤ {LOAD_S:g}", load_s <= LOAD_S)


if __name__ == "__main__":
    if sys.argv[1:2] == ["pack"]:
        print(json.dumps(measure_pack(Path(sys.argv[2]), Path(sys.argv[3]))))
    elif sys.argv[1:2] == ["load"]:
        print(json.dumps(measure_load(Path(sys.argv[3]))))
    else:
        main(sys.argv[1:])
