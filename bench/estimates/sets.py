"""Data with drift and late labels: those inside the `nannyml` wheel, and two that are drawn here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from peers.environment import KEPT

TARGET, ANSWER, SCORE = "target", "answer", "score"
CLASSES, NUMBERS = ("accuracy", "precision", "recall", "f1", "roc_auc"), ("mae", "rmse")


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """A reference and a later period, in chunks; columns are `features`, the answer, the score, the target.

    Without scores the answers are numbers.
    """

    name: str
    reference: pd.DataFrame
    later: pd.DataFrame
    features: tuple[str, ...]
    chunk: int

    @property
    def metrics(self) -> tuple[str, ...]:
        """What is estimated."""
        return CLASSES if SCORE in self.reference else NUMBERS

    @property
    def chunks(self) -> Iterator[pd.DataFrame]:
        """The whole chunks of the later period, in order."""
        for start in range(0, len(self.later) // self.chunk * self.chunk, self.chunk):
            yield self.later.iloc[start : start + self.chunk]


@dataclass(frozen=True, slots=True)
class _InWheel:
    """Where a set lies in the wheel, and what its columns are called."""

    name: str
    reference: str
    later: str
    targets: str
    target: str
    chunk: int
    score: str = ""
    answer: str = "y_pred"
    left_out: tuple[str, ...] = ("id", "timestamp")


_IN_WHEEL = (
    _InWheel(
        "housing", "california_housing_reference.csv", "california_housing_analysis.csv",
        "california_housing_analysis_gt.csv", "clf_target", 500, "y_pred_proba",
    ),
    _InWheel(
        "car loan", "synthetic_car_loan_reference.csv", "synthetic_car_loan_analysis.csv",
        "synthetic_car_loan_analysis_target.csv", "repaid", 5000, "y_pred_proba",
    ),
    _InWheel(
        "car price", "regression_synthetic_reference.csv", "regression_synthetic_analysis.csv",
        "regression_synthetic_analysis_targets.csv", "y_true", 6000,
    ),
    _InWheel(
        "employment", "employment_MA_reference.pq", "employment_MA_analysis.pq",
        "employment_MA_analysis_target.pq", "employed", 5000, "predicted_probability", "prediction",
        ("id", "timestamp", "year"),
    ),
)  # fmt: skip


def in_wheel() -> Iterator[LabelledSet]:
    """Read the sets of the wheel that is installed in NannyML's environment, the smallest first."""
    [folder] = (KEPT / "nannyml").glob("lib/python*/site-packages/nannyml/datasets/data")
    for each in _IN_WHEEL:
        yield _read(folder, each)


def _read(folder: Path, which: _InWheel) -> LabelledSet:
    names = {which.target: TARGET, which.answer: ANSWER, which.score or "-": SCORE}
    reference, later = (
        _table(folder / name).rename(columns=names) for name in (which.reference, which.later)
    )
    targets = _table(folder / which.targets).set_index("id")[which.target]
    later[TARGET] = targets.reindex(later["id"]).to_numpy()
    known = {*which.left_out, TARGET, ANSWER, SCORE}
    features = tuple(str(name) for name in reference if name not in known)
    return LabelledSet(which.name, reference, later, features, which.chunk)


def _table(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path) if path.suffix == ".pq" else pd.read_csv(path)


def drawn(
    name: str, chunks: int, chunk: int, *, concept: bool, seed: int = 1, reference: int = 20_000
) -> LabelledSet:
    """Draw scores that are too sure, whose spread drifts; with `concept`, what comes true drifts instead.

    P(y = 1 | s) is 0.5 + 0.8 (s - 0.5), and with `concept` it ends at 0.5, whatever the score is.
    """
    random = np.random.default_rng(seed)

    def rows(n: int, at: float) -> pd.DataFrame:
        sharp = 1.0 if concept else 1.0 + 2.0 * at
        scores = random.beta(sharp, 1.0, n)
        chance = 0.5 + 0.8 * (scores - 0.5) * (1.0 - at if concept else 1.0)
        target = (random.random(n) < chance).astype(np.int64)
        return pd.DataFrame(
            {"x": scores, SCORE: scores, ANSWER: (scores > 0.5).astype(np.int64), TARGET: target}
        )

    later = pd.concat([rows(chunk, at / max(1, chunks - 1)) for at in range(chunks)], ignore_index=True)
    return LabelledSet(name, rows(reference, 0.0), later, ("x",), chunk)
