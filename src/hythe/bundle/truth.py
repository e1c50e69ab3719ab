"""The targets that came with the examples, held against what the model answered."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from hythe.base.errors import Invalid
from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import Array
from hythe.bundle.schema import Scalar, Schema
from hythe.statistics.calibration import (
    Reliability,
    brier_score,
    calibration_error,
    log_loss,
    reliability,
)
from hythe.statistics.exact import mean

PROBABILITIES = "probabilities"
LABEL = "label"
VALUE = "value"
MOST_CLASSES = 20
_SHARES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)


class ClassReliability(msgspec.Struct, frozen=True):
    """How the scores of one class came true, over ten bins of [0, 1]."""

    name: Scalar
    calibration_error: float
    bins: tuple[Reliability, ...]


class Calibration(msgspec.Struct, frozen=True, tag_field="kind", tag="scores"):
    """Probabilities against targets: `calibration_error` is that of the greatest score of each row."""

    rows: int
    accuracy: float
    log_loss: float
    brier_score: float
    calibration_error: float
    classes: tuple[ClassReliability, ...]


class Residuals(msgspec.Struct, frozen=True, tag_field="kind", tag="residuals"):
    """Numbers against targets: target minus answer, its mean (`bias`), sizes, and quantiles by share.

    `r2` is None where the targets do not vary.
    """

    rows: int
    bias: float
    mean_absolute_error: float
    root_mean_squared_error: float
    r2: float | None
    quantiles: dict[str, float]


@dataclass(frozen=True, slots=True)
class Truth:
    """Targets by row. For a classifier `places` are positions in `classes`, -1 for a class it never saw."""

    targets: Array
    classes: tuple[Scalar, ...] = ()
    places: NDArray[np.intp] | None = None

    @classmethod
    def of(cls, targets: Any, outcome: Outcome, schema: Schema) -> Truth:
        """Read targets: an array, a list, a Series or an Arrow column, one for each row, refused ones too.

        Raises:
            Invalid: when there are more or fewer targets than rows.

        """
        array = _array(targets)
        rows = len(outcome.refused)
        if len(array) != rows:
            raise Invalid(f"there are {len(array)} targets for {rows} rows; give one for each row")
        named = [o.classes for o in schema.outputs if o.name in {PROBABILITIES, LABEL} and o.classes]
        if not named or array.ndim != 1:
            return cls(array)
        known = {name: place for place, name in enumerate(named[0])}
        return cls(array, named[0], np.array([known.get(t, -1) for t in array.tolist()], dtype=np.intp))

    def take(self, rows: NDArray[Any]) -> Truth:
        """Pick rows, by position or by mask."""
        return Truth(self.targets[rows], self.classes, None if self.places is None else self.places[rows])

    def loss(self, output: str, answers: Array) -> float | None:
        """Measure how far answers are from the targets: log loss, share of wrong labels, or squared error.

        None where they do not compare, infinite or NaN where it overflows. `answers` has a row a target.
        """
        if output == PROBABILITIES and self.places is not None:
            known = self.places >= 0
            return log_loss(answers[known].astype(np.float64), self.places[known]) if known.any() else None
        if output == LABEL and self.targets.shape == answers.shape:
            return float(np.mean(answers.astype(object) != self.targets.astype(object)))
        if output == VALUE and (pairs := _finite_pairs(self.targets, answers)) is not None:
            with np.errstate(over="ignore"):
                return mean((pairs[1] - pairs[0]) ** 2)
        return None

    def calibration(self, outcome: Outcome) -> Calibration | Residuals | None:
        """Hold the answered rows against their targets; None where answers and targets do not compare."""
        answered = ~outcome.refused
        scores, value = outcome.answers.get(PROBABILITIES), outcome.answers.get(VALUE)
        if scores is not None and self.places is not None:
            known = answered & (self.places >= 0)
            return _calibration(scores[known], self.places[known], self.classes)
        if value is not None and value.ndim == 1:
            pairs = _finite_pairs(self.targets[answered], value[answered])
            return None if pairs is None else _residuals(*pairs)
        return None


def _array(targets: Any) -> Array:
    if hasattr(targets, "to_pylist"):
        return np.array(targets.to_pylist())
    return np.asarray(targets.to_numpy() if hasattr(targets, "to_numpy") else targets)


def _finite_pairs(targets: Array, answers: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Give the cells where target and answer are finite numbers; None when there are none."""
    if targets.dtype.kind not in "iuf" or targets.shape != answers.shape:
        return None
    finite = np.isfinite(targets) & np.isfinite(answers)
    if not finite.any():
        return None
    return targets[finite].astype(np.float64), answers[finite].astype(np.float64)


def _calibration(answers: Array, places: NDArray[np.intp], classes: tuple[Scalar, ...]) -> Calibration | None:
    if answers.shape != (len(places), len(classes)) or not len(places) or not np.isfinite(answers).all():
        return None
    scores = answers.astype(np.float64)
    right = scores.argmax(axis=1) == places
    by_class = []
    for place, name in enumerate(classes[:MOST_CLASSES]):
        bins = reliability(scores[:, place], places == place)
        by_class.append(ClassReliability(name, calibration_error(bins), bins))
    return Calibration(
        rows=len(places),
        accuracy=float(np.mean(right)),
        log_loss=log_loss(scores, places),
        brier_score=brier_score(scores, places),
        calibration_error=calibration_error(reliability(scores.max(axis=1), right)),
        classes=tuple(by_class),
    )


def _residuals(targets: NDArray[np.float64], answers: NDArray[np.float64]) -> Residuals | None:
    with np.errstate(over="ignore"):
        residuals = targets - answers
        squared = mean(residuals**2)
        spread = mean((targets - mean(targets)) ** 2)
    if not math.isfinite(squared) or not math.isfinite(spread):
        return None
    found = np.quantile(residuals, _SHARES, method="inverted_cdf")
    return Residuals(
        rows=len(residuals),
        bias=mean(residuals),
        mean_absolute_error=mean(np.abs(residuals)),
        root_mean_squared_error=squared**0.5,
        r2=1.0 - squared / spread if spread else None,
        quantiles={str(share): float(value) for share, value in zip(_SHARES, found, strict=True)},
    )
