"""Performance by the values of a feature: where the model does worse than elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from hythe.monitor.performance.labelled import Labelled
from hythe.monitor.performance.measured import Measured, Metric
from hythe.monitor.performance.metrics import headline

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


def segments(rows: Labelled, column: str, values: Sequence[Any]) -> list[Segment]:
    """Measure accuracy, or the mean absolute error, for each of the top values, and the rest together.

    `values` has one for each row; None is a value, too. Numbers with more than ten values are cut at their
    quartiles.
    """
    names = _named(values)
    found = []
    for name in dict.fromkeys(_ordered(names)):
        chosen = np.array([each == name for each in names], dtype=np.bool_)
        part = rows.take(chosen)
        found.append(Segment(column, name, headline(part), len(part)))
    return found


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


def _named(values: Sequence[Any]) -> list[str]:
    present = [value for value in values if value is not None and value == value]  # noqa: PLR0124 - not NaN
    numbers = bool(present) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in present
    )
    if numbers and len(set(present)) > MOST_VALUES:
        cuts = np.quantile(np.array(present, dtype=np.float64), [0.25, 0.5, 0.75], method="inverted_cdf")
        return [_quarter(value, cuts.tolist()) for value in values]
    top = {value for value, _ in Counter(map(_text, values)).most_common(MOST_VALUES)}
    return [_text(value) if _text(value) in top else OTHERS for value in values]


def _quarter(value: Any, cuts: Sequence[float]) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return "missing"
    below = next((place for place, cut in enumerate(cuts) if value <= cut), len(cuts))
    low = f"above {cuts[below - 1]:g}" if below else ""
    high = f"up to {cuts[below]:g}" if below < len(cuts) else ""
    return ", ".join(part for part in (low, high) if part)


def _text(value: Any) -> str:
    return "missing" if value is None or value != value else str(value)  # noqa: PLR0124 - NaN


def _ordered(names: Sequence[str]) -> Iterator[str]:
    """Give names from the most frequent on, the rest last."""
    counted = Counter(names)
    yield from sorted((name for name in counted if name != OTHERS), key=lambda name: (-counted[name], name))
    if OTHERS in counted:
        yield OTHERS
