"""NaN where it is a value of its own: as often as in the baseline, by Fisher's exact test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from hythe.monitor.period import Candidate, Period
from hythe.monitor.quality.subjects import Subject, features, learned_p, nan_is_missing, outputs, percent
from hythe.statistics.bins import NumberBins
from hythe.statistics.fisher import both_sides

_NAN = 1
"""The cell of NaN in bins of numbers."""


class NotANumber:
    """Tests whether features that tell NaN from missing, and outputs, are NaN as often as in the baseline.

    The test is that of `hythe.monitor.quality.missing.Missing`, and as exact.
    """

    name = "nan"

    def look(self, period: Period) -> Iterator[Candidate]:
        """Give a candidate for each feature and output of floats in which NaN is no missing value."""
        for subject in chain(features(period), outputs(period)):
            if not isinstance(subject.bins, NumberBins) or not _may_be_nan(subject):
                continue
            p = _exact(subject) if period.normal is None else learned_p(period, subject, _NAN)
            if p is not None:
                yield _candidate(subject, p)


def _may_be_nan(subject: Subject) -> bool:
    column = subject.column
    return not nan_is_missing(subject) and (column is None or column.type.startswith("float"))


def _exact(subject: Subject) -> float:
    return both_sides(subject.now[_NAN], subject.rows, subject.before[_NAN], subject.rows_before)


def _candidate(subject: Subject, p: float) -> Candidate:
    before, now = subject.before[_NAN], subject.now[_NAN]
    shares = percent(now, subject.rows), percent(before, subject.rows_before)
    return Candidate(
        kind="quality",
        check="nan",
        subject=subject.name,
        p_value=p,
        fine=f"{subject.short} is NaN in {shares[0]} of the rows, {shares[1]} in the baseline",
        found=(
            f"{subject.short} is NaN in {shares[0]} of {subject.rows} rows, in {shares[1]} of the "
            "baseline's; look for a division by zero or a failed conversion before it"
        ),
        value=now / subject.rows,
        unit="share",
        weight=subject.weight,
        n=subject.rows,
        details={"before": before / subject.rows_before},
    )
