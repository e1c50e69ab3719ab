"""One row through the Python API (a dictionary in, a labelled answer out) beside the original.

A mixed-type pipeline of 20 columns: 12 numbers with gaps, imputed and scaled, and 8 words, one-hot encoded.
The two take turns in one process; what is printed is the median of each round's p50, and the spread over
the rounds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from harness import Bench
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import hythe

NUMBERS = [f"number_{i}" for i in range(12)]
WORDS = [f"word_{i}" for i in range(8)]
GOALS_US = {"logistic regression": 60.0, "random forest, 100 trees": 120.0, "HistGradientBoosting": 120.0}


def table(rows: int) -> tuple[pd.DataFrame, np.ndarray[Any, Any]]:
    """Make a mixed table with gaps, and two classes that depend on it."""
    rng = np.random.default_rng(5)
    numbers = rng.normal(size=(rows, len(NUMBERS)))
    codes = rng.integers(0, 6, size=(rows, len(WORDS)))
    score = numbers[:, :4].sum(axis=1) + (codes[:, 0] == 2) * 2 - (codes[:, 1] == 4) + rng.normal(size=rows)
    numbers[rng.random(numbers.shape) < 0.05] = np.nan
    words = np.array(["red", "green", "blue", "white", "black", "grey"], dtype=object)[codes]
    frame = pd.concat([pd.DataFrame(numbers, columns=NUMBERS), pd.DataFrame(words, columns=WORDS)], axis=1)
    return frame, np.where(score > 0, "yes", "no")


def pipelines() -> dict[str, Any]:
    """Name the three pipelines of the goal."""
    prepare = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), NUMBERS),
            ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=False), WORDS),
        ]
    )
    models = (
        LogisticRegression(max_iter=500),
        RandomForestClassifier(100, random_state=0),
        HistGradientBoostingClassifier(random_state=0),
    )
    return {name: make_pipeline(prepare, model) for name, model in zip(GOALS_US, models, strict=True)}


def p50_us(call: Callable[[], object], calls: int) -> float:
    """Give the median time of a call in microseconds."""
    taken = []
    for _ in range(calls):
        start = time.perf_counter_ns()
        call()
        taken.append(time.perf_counter_ns() - start)
    return statistics.median(taken) / 1e3


def measure(bench: Bench, name: str, model: Any, frame: pd.DataFrame, home: Path) -> None:
    """Pack one pipeline, and time it beside the original."""
    version = hythe.pack(model, f"model{len(name)}", examples=frame, home=home)
    predictor = hythe.load(version.ref, home=home)
    row = {key: None if value != value else value for key, value in frame.iloc[7].to_dict().items()}  # noqa: PLR0124 - NaN
    alone = frame.iloc[[7]]
    predictor.predict(row), model.predict_proba(alone)
    rounds = 3 if bench.fast else 7
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(p50_us(lambda: predictor.predict(row), 300 if bench.fast else 3000))
        theirs.append(p50_us(lambda: model.predict_proba(alone), 10 if bench.fast else 50))
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    p50 = statistics.median(ours)
    bench.row(
        {
            "model": name,
            "hythe_us": round(p50, 1),
            "hythe_spread_us": f"{min(ours):.1f}-{max(ours):.1f}",
            "original_us": round(statistics.median(theirs), 1),
            "times_faster": round(statistics.median(ratios), 1),
            "times_faster_spread": f"{min(ratios):.0f}-{max(ratios):.0f}",
        }
    )
    goal = GOALS_US[name]
    bench.check(f"one row, {name}", round(p50, 1), "µs", f"≤ {goal:.0f}", p50 <= goal)


def main(arguments: list[str]) -> None:
    """Measure the three pipelines."""
    with Bench("one_row", arguments) as bench, tempfile.TemporaryDirectory() as folder:
        frame, labels = table(1000 if bench.fast else 4000)
        for name, model in pipelines().items():
            measure(bench, name, model.fit(frame, labels), frame, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
