"""Performance by the values of a feature: where the model does worse than elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from hythe.bundle.summary import Summary
from hythe.monitor.performance.labelled import Labelled
from hythe.monitor.performance.measured import Measured, Metric
from hythe.monitor.performance.metrics import headline
from hythe.statistics.bins import ValueBins

MOST_VALUES = 10
"""So many of a feature's values are told apart, the most frequent; all others are one segment."""
FEWEST = 30
"""A segment of fewer rows is named and not ranked."""
OTHERS = "others"


class Segment(NamedTuple):
    """The rows whose feature `column` has the `value` (as text), and the one metric of theirs."""

    column: str
    value: str
    metric: Metric
    rows: int


def segments(rows: Labelled, column: str, names: Sequence[str]) -> list[Segment]:
    """Measure accuracy, or the mean absolute error, of each of the top names, and of the rest together.

    `names` has the segment of each row, as `segment_names` names them.
    """
    top = {name for name, _ in Counter(names).most_common(MOST_VALUES)}
    told = [name if name in top else OTHERS for name in names]
    order = list(_ordered(told))
    at = {name: place for place, name in enumerate(order)}
    places = np.array([at[name] for name in told], dtype=np.intp)
    parts = [rows.take(places == place) for place in range(len(order))]
    return [Segment(column, name, headline(part), len(part)) for name, part in zip(order, parts, strict=True)]


def segment_names(summary: Summary) -> list[str]:
    """Name the segment of each cell of a feature: its value, or of numbers with many values the quarter.

    Quarters are those of the baseline's rows, so that they are the same in every period.
    """
    bins = summary.counts.bins
    if isinstance(bins, ValueBins):
        return ["missing", *(str(value) for value in bins.known), OTHERS]
    if bins.high is None:
        return ["missing", "NaN", "any"]
    if len(bins.lefts) <= MOST_VALUES:
        inside = [f"{left:g}" for left in bins.lefts]
        return ["missing", "NaN", f"below {bins.lefts[0]:g}", *inside, f"above {bins.high:g}"]
    cuts = _quarters(summary)
    return ["missing", "NaN", *(_quarter(cell, bins.lefts, cuts) for cell in range(-1, len(bins.lefts) + 1))]


def worst(found: Sequence[Segment]) -> Segment | None:
    """Name the segment that is worst beyond doubt of its size: by the better end of its 95% interval.

    Of segments with few rows nothing is said. None where there are not two to compare.
    """
    known = [
        (each, each.metric) for each in found if isinstance(each.metric, Measured) and each.rows >= FEWEST
    ]
    if len(known) < 2:  # noqa: PLR2004 - one has none to be worse than
        return None
    return max(known, key=lambda pair: _how_bad(pair[1]))[0]


def _how_bad(metric: Measured) -> float:
    low, high = metric.interval(0.95)
    return low if metric.better == "lower" else -high


def _quarters(summary: Summary) -> list[int]:
    """Choose up to three bins, at whose left borders the baseline's numbers are cut into quarters."""
    inside = np.cumsum(summary.counts.cells[3:-1])
    found = [int(np.searchsorted(inside, share * inside[-1])) + 1 for share in (0.25, 0.5, 0.75)]
    return sorted({cut for cut in found if cut < len(inside)})


def _quarter(cell: int, lefts: Sequence[float], cuts: Sequence[int]) -> str:
    """Name the quarter of a bin; -1 is what lies below the first."""
    place = sum(cell >= cut for cut in cuts)
    if place == 0:
        return f"below {lefts[cuts[0]]:g}" if cuts else "any"
    if place == len(cuts):
        return f"{lefts[cuts[-1]]:g} or more"
    return f"{lefts[cuts[place - 1]]:g} to {lefts[cuts[place]]:g}"


def _ordered(names: Sequence[str]) -> Iterator[str]:
    """Give names from the most frequent on, the rest last."""
    counted = Counter(names)
    yield from sorted((name for name in counted if name != OTHERS), key=lambda name: (-counted[name], name))
    if OTHERS in counted:
        yield OTHERS
