"""How far two sets of answers lie apart, measured in tolerances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.outcome import Answers, Outcome
from hythe.bundle.rows import Array
from hythe.bundle.tolerance import tolerance

LABEL = "label"


@dataclass(frozen=True, slots=True)
class Difference:
    """How two outcomes differ, by row.

    `excess` is the greatest deviation of the row in tolerances (above 1: too far; infinite: a label, a
    refusal, or a NaN on one side only); `deviation` the greatest absolute one of its finite numbers, and 1
    for another label.
    """

    excess: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @property
    def differs(self) -> NDArray[np.bool_]:
        """Mark the rows that are not the same."""
        return np.asarray(self.excess > 1.0)


def difference(original: Outcome, other: Outcome) -> Difference:
    """Compare what two models did with the same rows; `original` sets the tolerance.

    Labels, integers, strings and booleans have to be equal; floats within |a - b| ≤ absolute + relative·|a|;
    NaN equals NaN and an infinity itself. A row that both refuse is the same.

    >>> a = Outcome.answered({"label": np.array([0, 1]), "score": np.array([0.5, 0.5])})
    >>> b = Outcome.answered({"label": np.array([0, 0]), "score": np.array([0.5 + 1e-9, 0.5])})
    >>> difference(a, b).differs.tolist()
    [False, True]
    """
    excess = np.where(original.refused != other.refused, np.inf, 0.0)
    deviation = np.zeros(excess.size)
    for output in differences(original, other).values():
        excess, deviation = np.maximum(excess, output.excess), np.maximum(deviation, output.deviation)
    return Difference(excess, deviation)


def differences(original: Outcome, other: Outcome) -> Mapping[str, Difference]:
    """Compare output by output, on the rows that both answer; the others count zero."""
    both = ~original.refused & ~other.refused
    found: dict[str, Difference] = {}
    for name, wanted in original.answers.items():
        excess, deviation = _output_difference(name, wanted, other.answers)
        found[name] = Difference(np.where(both, excess, 0.0), np.where(both, deviation, 0.0))
    return found


def at(outcome: Outcome, positions: NDArray[np.int64]) -> Outcome:
    """Take the outcome of some rows."""
    answers = {name: np.asarray(values)[positions] for name, values in outcome.answers.items()}
    return Outcome(answers, outcome.refused[positions])


def tolerances(answers: Answers) -> Mapping[str, tuple[float, float]]:
    """Name the tolerance (absolute, relative) of each output that has one; the others have to be equal."""
    return {
        name: tolerance(np.asarray(values).dtype)
        for name, values in answers.items()
        if _is_measured(name, values)
    }


def _output_difference(
    name: str, wanted: Array, others: Answers
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows = len(wanted)
    given = others.get(name)
    if given is None or np.shape(given) != np.shape(wanted):
        return np.full(rows, np.inf), np.zeros(rows)
    if not _is_measured(name, wanted):
        same = by_row(np.asarray(wanted) == np.asarray(given)).all(axis=1)
        return np.where(same, 0.0, np.inf), np.where(same, 0.0, 1.0)
    return _numeric_difference(by_row(wanted), by_row(given), tolerance(np.asarray(wanted).dtype))


def _numeric_difference(
    wanted: Array, given: Array, allowed: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    left, right = wanted.astype(np.float64), given.astype(np.float64)
    absolute, relative = allowed
    with np.errstate(all="ignore"):
        apart = np.abs(left - right)
        over = apart / (absolute + relative * np.abs(left))
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    finite = np.isfinite(left) & np.isfinite(right)
    over = np.where(same, 0.0, np.where(finite, over, np.inf))
    apart = np.where(finite & ~same, apart, 0.0)
    return over.max(axis=1, initial=0.0), apart.max(axis=1, initial=0.0)


def _is_measured(name: str, values: Array) -> bool:
    return name != LABEL and np.asarray(values).dtype.kind in "fc"


def by_row(values: Array) -> Array:
    """Lay out each row's cells side by side, [rows, cells]."""
    array = np.asarray(values)
    return array.reshape(len(array), -1) if array.size else array.reshape(len(array), 0)
