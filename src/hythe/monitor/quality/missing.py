"""Missing values: as often as in the baseline, by Fisher's exact test."""

from __future__ import annotations

from collections.abc import Iterator

from hythe.monitor.finding import Finding
from hythe.monitor.period import Candidate, Period
from hythe.monitor.quality.subjects import SEEN_BY_DRIFT, Subject, absent, features, learned_p, percent
from hythe.statistics.fisher import both_sides


class Missing:
    """Tests whether a nullable column misses values more, or less, often than in the baseline.

    Where baseline and window are draws of one distribution, any choice of the window's rows among all is
    equally likely, whatever the share of missing values; so the p-value is exact (Fisher 1935; twice the
    smaller tail).
    Where variation between windows was learned, its test takes the place of this one.

    A column that may not miss a value is no matter of chance: one there alarms at once.
    """

    name = "missing"

    def look(self, period: Period) -> Iterator[Candidate | Finding]:
        """Give a candidate for each column that may miss values."""
        for subject in features(period):
            if subject.column is None:
                continue
            if subject.column.nullable:
                p = _exact(subject) if period.normal is None else learned_p(period, subject, 0)
                if p is not None:
                    yield _candidate(subject, p)
            elif absent(subject)[1] and not absent(subject)[0]:
                yield _forbidden(subject)


def _exact(subject: Subject) -> float:
    before, now = absent(subject)
    return both_sides(now, subject.rows, before, subject.rows_before)


def _candidate(subject: Subject, p: float) -> Candidate:
    before, now = absent(subject)
    shares = percent(now, subject.rows), percent(before, subject.rows_before)
    rises = now * subject.rows_before > before * subject.rows
    cause = "see what fills it upstream" if rises else "see whether missing values now come as something else"
    return Candidate(
        kind="quality",
        check="missing",
        subject=subject.name,
        p_value=p,
        fine=f"{subject.short} is missing in {shares[0]} of the rows, {shares[1]} in the baseline",
        found=(
            f"{subject.short} is missing in {shares[0]} of {subject.rows} rows, in {shares[1]} of the "
            f"baseline's; {cause}"
        ),
        value=now / subject.rows,
        unit="share",
        weight=subject.weight,
        share=SEEN_BY_DRIFT,
        n=subject.rows,
        details={"before": before / subject.rows_before},
    )


def _forbidden(subject: Subject) -> Finding:
    _, now = absent(subject)
    return Finding(
        kind="quality",
        check="missing",
        subject=subject.name,
        verdict="alarm",
        message=(
            f"{subject.short} is missing in {percent(now, subject.rows)} of {subject.rows} rows, and the "
            "schema says that it never is; fill it, or pack the model with rows where it is missing"
        ),
        value=now / subject.rows,
        limit=0.0,
        unit="share",
        weight=subject.weight,
        n=subject.rows,
    )
