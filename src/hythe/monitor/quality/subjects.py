"""Each feature of a period beside its baseline, as the checks of data quality look at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hythe.bundle.schema import Column
from hythe.monitor.drift.importance import weights
from hythe.monitor.period import Period
from hythe.statistics.bins import Bins, NumberBins
from hythe.statistics.moments import Moments
from hythe.statistics.powers import PowerSums

SEEN_BY_DRIFT = 0.5
"""The share of the error that tests have whose like is a part of the test of drift of the same feature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One feature or output: the cells of its `bins`, of the baseline (`before`) and of the window (`now`).

    `column` is that of the schema; None for tensors, outputs, and what the schema lacks. `weight` is how much
    the feature matters to the model's answers.
    """

    name: str
    bins: Bins
    before: tuple[int, ...]
    now: tuple[int, ...]
    column: Column | None = None
    moments: Moments | None = None
    powers: PowerSums | None = None
    weight: float = 1.0

    @property
    def short(self) -> str:
        """The name without what kind of subject it is."""
        return self.name.partition(":")[2]

    @property
    def is_time(self) -> bool:
        """Whether the values are times."""
        return self.column is not None and self.column.type == "timestamp"

    @property
    def rows_before(self) -> int:
        """How many values the baseline counted, missing ones included."""
        return sum(self.before)

    @property
    def rows(self) -> int:
        """How many values the window counted, missing ones included."""
        return sum(self.now)


def features(period: Period) -> Iterator[Subject]:
    """Go through the features that baseline and window both count, one value a row.

    Tensors of several values a row are left out: the values of one row are no independent draws.
    """
    columns = {column.name: column for column in period.schema.columns}
    important = weights(period.baseline)
    wide = {tensor.name for tensor in period.schema.tensors if tensor.shape}
    for name, summary in period.baseline.features.items():
        tally = period.window.features.get(name)
        if tally is None or name in wide or len(tally.cells) != len(summary.counts.cells):
            continue
        if not tally.total or not summary.counts.total:
            continue
        yield Subject(
            name=f"feature:{name}",
            bins=summary.counts.bins,
            before=summary.counts.cells,
            now=tally.cells,
            column=columns.get(name),
            moments=summary.moments,
            powers=tally.powers,
            weight=important.get(name, 1.0),
        )


def outputs(period: Period) -> Iterator[Subject]:
    """Go through the outputs that baseline and window both count."""
    for name, summary in period.baseline.outputs.items():
        tally = period.window.outputs.get(name)
        if tally is None or len(tally.cells) != len(summary.counts.cells):
            continue
        if tally.total and summary.counts.total:
            yield Subject(
                name=f"output:{name}",
                bins=summary.counts.bins,
                before=summary.counts.cells,
                now=tally.cells,
                moments=summary.moments,
                powers=tally.powers,
            )


def learned_p(period: Period, subject: Subject, *places: int) -> float | None:
    """Test cells of a window against what was learned to be normal, the least of all p-values corrected.

    None where nothing was learned of the subject at such a time, so that nobody knows what is normal.
    """
    if period.normal is None:
        return None
    start = period.window.start
    found = [period.normal.judge_cell(subject.name, subject.now, place, start) for place in places]
    values: Sequence[float] = [one.p_value for one in found if one is not None]
    return min(1.0, len(places) * min(values)) if values else None


def nan_is_missing(subject: Subject) -> bool:
    """Tell whether NaN and missing are counted as one: in the window they are wherever a value may miss."""
    return subject.column is not None and subject.column.nan_is_missing


def absent(subject: Subject) -> tuple[int, int]:
    """Count the missing values of the baseline and of the window, with NaN where it counts as missing."""
    both = isinstance(subject.bins, NumberBins) and nan_is_missing(subject)
    end = 2 if both else 1
    return sum(subject.before[:end]), sum(subject.now[:end])


def percent(part: float, whole: float = 1.0) -> str:
    """Write a share for people.

    >>> percent(1, 3), percent(0, 5), percent(1, 10**6), percent(5, 5)
    ('33.3%', '0%', '0.0001%', '100%')
    """
    share = 100.0 * part / whole if whole else 0.0
    if share in {0.0, 100.0}:
        return f"{share:.0f}%"
    digits = 1 if share >= 0.1 else 4  # noqa: PLR2004 - a tenth of a percent
    return f"{share:.{digits}f}%"
