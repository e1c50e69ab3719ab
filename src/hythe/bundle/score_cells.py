"""How the reference rows came out, by the cell that a class's score fell into: binned calibration.

What monitoring counts in production are those cells. So the expected confusion of any window, and with it
accuracy, precision, recall, F1, ROC-AUC and losses, follows from its counts alone.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import Array
from hythe.bundle.schema import Scalar
from hythe.bundle.summary import Summary
from hythe.bundle.truth import LABEL, MOST_CLASSES, PROBABILITIES, Truth
from hythe.statistics.places import places

_EPS = sys.float_info.epsilon


class ScoreCells(msgspec.Struct, frozen=True):
    """Reference rows by the cell of the score of class `name`, the baseline's `probabilities[name]`.

    `tp` were answered as the class and are of it, `fp` answered and not of it, `fn` of it and answered
    otherwise, `tn` neither. `log_loss` is the sum of -ln score over the rows of the class, `squares` that of
    (score - y)² over all. Histogram binning (Zadrozny and Elkan 2001).
    """

    name: Scalar
    tp: tuple[int, ...]
    fp: tuple[int, ...]
    fn: tuple[int, ...]
    tn: tuple[int, ...]
    log_loss: tuple[float, ...]
    squares: tuple[float, ...]


def score_cells(truth: Truth, outcome: Outcome, outputs: Mapping[str, Summary]) -> tuple[ScoreCells, ...]:
    """Count answered rows with a known class, over the bins of `outputs`.

    Nothing without probabilities, and of more than 20 classes, for some of them alone tell nothing.
    """
    scores, places_ = outcome.answers.get(PROBABILITIES), truth.places
    if scores is None or places_ is None or scores.ndim != 2 or scores.shape[1] != len(truth.classes):  # noqa: PLR2004 - rows and classes
        return ()
    if len(truth.classes) > MOST_CLASSES:
        return ()
    kept = ~outcome.refused & (places_ >= 0)
    answered = _answered(outcome, truth.classes, scores)[kept]
    rows, true = scores[kept].astype(np.float64), places_[kept]
    if not len(rows) or not np.isfinite(rows).all():
        return ()
    found = []
    for place, name in enumerate(truth.classes):
        summary = outputs.get(f"{PROBABILITIES}[{name}]")
        if summary is not None:
            found.append(_of_class(name, summary, rows[:, place], answered == place, true == place))
    return tuple(found)


def _answered(outcome: Outcome, classes: tuple[Scalar, ...], scores: Array) -> NDArray[np.intp]:
    """Give the place of each row's label, which need not be that of the greatest score."""
    labels = outcome.answers.get(LABEL)
    if labels is None or labels.ndim != 1:
        found: NDArray[np.intp] = np.nan_to_num(scores.astype(np.float64), nan=-np.inf).argmax(axis=1)
        return found
    known = {name: place for place, name in enumerate(classes)}
    return np.array([known.get(label, -1) for label in labels.tolist()], dtype=np.intp)


def _of_class(
    name: Scalar,
    summary: Summary,
    scores: NDArray[np.float64],
    answered: NDArray[np.bool_],
    true: NDArray[np.bool_],
) -> ScoreCells:
    bins = summary.counts.bins
    cells = places(bins, scores)

    def count(chosen: NDArray[np.bool_]) -> tuple[int, ...]:
        return tuple(np.bincount(cells[chosen], minlength=bins.cells).tolist())

    losses = np.where(true, -np.log(np.clip(scores, _EPS, 1.0 - _EPS)), 0.0)
    return ScoreCells(
        name,
        tp=count(answered & true),
        fp=count(answered & ~true),
        fn=count(~answered & true),
        tn=count(~answered & ~true),
        log_loss=_sums(losses, cells, bins.cells),
        squares=_sums((scores - true) ** 2, cells, bins.cells),
    )


def _sums(values: NDArray[np.float64], cells: NDArray[np.intp], n: int) -> tuple[float, ...]:
    """Sum by cell, rounded once, so that the order of the rows changes no bit."""
    order = np.argsort(cells, kind="stable")
    ends = np.cumsum(np.bincount(cells, minlength=n))[:-1]
    return tuple(math.fsum(part.tolist()) for part in np.split(values[order], ends))
