"""Accuracy, precision, recall and F1, with intervals that hold for few rows and for rows that are alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hythe.monitor.performance.intervals import Interval
from hythe.monitor.performance.labelled import LabelledClasses
from hythe.monitor.performance.measured import (
    PAIR,
    Floats,
    Measured,
    Metric,
    Undefined,
    in_unit,
    share,
)

Masks = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def accuracy(rows: LabelledClasses) -> Measured:
    """Measure the share of right answers."""
    return share("accuracy", rows.answers == rows.truth, np.ones(len(rows), dtype=np.bool_), rows.units)


def precision(rows: LabelledClasses) -> Metric:
    """Measure how many of those answered as the last of two classes are of it; of more classes, the mean."""
    return _of_classes("precision", rows, lambda answered, true: (answered & true, answered))


def recall(rows: LabelledClasses) -> Metric:
    """Measure how many of those of the last of two classes were answered so; of more classes, the mean."""
    return _of_classes("recall", rows, lambda answered, true: (answered & true, true))


def f1(rows: LabelledClasses) -> Metric:
    """Measure the harmonic mean of precision and recall.

    F1 = 2J/(1 + J), where J is a plain share: right ones among the rows answered as the class or of it. So
    an interval of J gives one of F1 (Lam, Gopal, Qian 2023, "Confidence intervals for the F1 score: a
    comparison of four methods", the indirect method).
    """
    return _of_classes("f1", rows, lambda answered, true: (answered & true, answered | true), _from_jaccard)


def _of_classes(
    name: str,
    rows: LabelledClasses,
    look: Callable[[NDArray[np.bool_], NDArray[np.bool_]], Masks],
    turn: Callable[[float], tuple[float, float]] = lambda value: (value, 1.0),
) -> Metric:
    """Measure a share for the last of two classes, or average it over those that occur.

    `look` gives the hits, and the rows among which they are; `turn` gives the metric of a share and its
    derivative.
    """
    if len(rows.classes) == PAIR:
        hits, among = look(rows.answers == 1, rows.truth == 1)
        if not among.any():
            return Undefined(name, f"no row was answered as, or is, {rows.classes[1]!r}")
        return _turned(share(name, hits, among, rows.units), turn)
    parts = [
        _part(*look(rows.answers == place, rows.truth == place), turn)
        for place in range(len(rows.classes))
        if (rows.answers == place).any() or (rows.truth == place).any()
    ]
    if not parts:
        return Undefined(name, "no row is of a class that the version knows")
    # A mean over classes moves with each of theirs (Takahashi, Yamamoto, Kuchiba, Koyama 2022).
    influence = np.mean([moved for _, moved in parts], axis=0)
    return in_unit(name, float(np.mean([value for value, _ in parts])), influence, rows.units)


def _part(
    hits: NDArray[np.bool_], among: NDArray[np.bool_], turn: Callable[[float], tuple[float, float]]
) -> tuple[float, Floats]:
    """Give one class's value, 0 where there is nothing to look among, and its influence."""
    n = int(among.sum())
    if not n:
        return 0.0, np.zeros(len(hits))
    rate = float(hits.sum()) / n
    value, slope = turn(rate)
    return value, np.where(among, hits - rate, 0.0) * (slope * len(hits) / n)


def _turned(found: Measured, turn: Callable[[float], tuple[float, float]]) -> Measured:
    value, slope = turn(found.value)
    return Measured(
        name=found.name,
        value=value,
        n=found.n,
        units=found.units,
        error=found.error * slope,
        better=found.better,
        interval=partial(_both, found.interval, turn),
    )


def _both(
    interval: Callable[[float], Interval], turn: Callable[[float], tuple[float, float]], level: float
) -> Interval:
    low, high = interval(level)
    return turn(low)[0], turn(high)[0]


def _from_jaccard(value: float) -> tuple[float, float]:
    return 2.0 * value / (1.0 + value), 2.0 / (1.0 + value) ** 2
