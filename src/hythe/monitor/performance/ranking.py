"""ROC-AUC: how often a row of the class scores higher than one of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hythe.monitor.performance.labelled import LabelledClasses
from hythe.monitor.performance.measured import PAIR, Floats, Metric, Undefined, in_unit

_NAME = "roc_auc"


def roc_auc(rows: LabelledClasses) -> Metric:
    """Measure the area under the ROC curve; of more than two classes the mean of each against the rest.

    Its error is DeLong's (DeLong, DeLong, Clarke-Pearson 1988), over units Obuchowski's (1997). A class that
    did not occur, or alone occurred, has no curve.
    """
    usable = rows.scored()
    if usable.scores is None or not len(usable):
        return Undefined(_NAME, "there are no scores that are probabilities")
    places = [1] if len(rows.classes) == PAIR else range(len(rows.classes))
    parts = [
        _area(usable.scores[:, place], true)
        for place in places
        if 0 < (true := usable.truth == place).sum() < len(usable)
    ]
    if not parts:
        said = "came true of every row, or of none" if len(rows.classes) == PAIR else "came true"
        named = repr(rows.classes[-1]) if len(rows.classes) == PAIR else "one class alone"
        return Undefined(_NAME, f"{named} {said}, and there is nothing to rank it against; wait for others")
    value = float(np.mean([area for area, _ in parts]))
    return in_unit(_NAME, value, np.mean([moved for _, moved in parts], axis=0), usable.units)


def _area(scores: Floats, true: NDArray[np.bool_]) -> tuple[float, Floats]:
    """Give the area and its influence values: DeLong's structural components, by ranks (Sun and Xu 2014)."""
    from scipy.stats import rankdata

    positives, negatives = int(true.sum()), int((~true).sum())
    rank = rankdata(scores)
    above = (rank[true] - rankdata(scores[true])) / negatives
    below = 1.0 - (rank[~true] - rankdata(scores[~true])) / positives
    area = float(above.mean())
    influence = np.empty(len(scores))
    influence[true] = (above - area) * _grown(positives, len(scores))
    influence[~true] = (below - area) * _grown(negatives, len(scores))
    return area, influence


def _grown(n: int, rows: int) -> float:
    """Scale influence to the whole, so that its variance is that of a sample of `n`, with n - 1."""
    if n == 1:
        return float(rows)
    shrink = (rows - 1) / rows
    return rows / n * float(np.sqrt(n / (n - 1) * shrink))
