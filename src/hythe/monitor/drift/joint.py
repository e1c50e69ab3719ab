"""The check of dependence: whether features go together as they did, though each by itself is as before."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from hythe.bundle.pairs import JOINT, LEAST_PAIRED, PAIRS, Pairs, borders
from hythe.monitor.drift.evidence import log_p_values
from hythe.monitor.drift.importance import weights
from hythe.monitor.drift.normal import Normal
from hythe.monitor.drift.pair import Pair
from hythe.monitor.finding import Finding
from hythe.monitor.period import Candidate, Period
from hythe.statistics.dependence import phi
from hythe.statistics.homogeneity import same_odds_p

_WORTH_NAMING = 0.01
_MOST_NAMED = 20
_LEAST_LOG = -690.0


class _Pair(NamedTuple):
    """A pair's correlation φ in the baseline and in the window, and its p-value, corrected for all pairs."""

    one: str
    other: str
    before: float
    now: float
    p_value: float


class Correlation:
    """Tests which values of number features are high together, against the baseline's pairs.

    Each pair by Zelen's exact test of one odds ratio, which knows nothing of the margins: that a feature
    moves by itself is no change of its dependence on others. The p-values are corrected for the number of
    pairs (Bonferroni); a candidate comes from the pair that changed most, and from others that changed
    clearly. The subject `joint` is how far rows follow the baseline's correlations in all.
    """

    name = "correlation"

    def look(self, period: Period) -> Iterator[Candidate | Finding]:
        """Give candidates; or say why the dependence cannot be looked at, where there is any to look at."""
        pairs = period.baseline.pairs
        if pairs is None:
            if _could_pair(period):
                yield _nothing(
                    "the baseline counts no pairs of features; pack the model again to watch their dependence"
                )
            return
        tables, scores = (period.window.statistics.get(name, ()) for name in (PAIRS, JOINT))
        if len(tables) != len(pairs.tables) or len(scores) != pairs.joint.bins.cells or not sum(scores):
            yield _nothing("the window counts no pairs of features; see that servers run this Hythe")
            return
        yield from _of_pairs(period, pairs, tables)
        yield from _of_scores(period, pairs, scores)


def _could_pair(period: Period) -> bool:
    """Say whether the baseline has number features whose dependence could have been counted."""
    baseline = period.baseline
    varying = borders(period.schema, baseline.features)
    return baseline.correlations is not None and len(varying) >= LEAST_PAIRED


def _nothing(message: str) -> Finding:
    return Finding(kind="drift", check=Correlation.name, subject=JOINT, verdict="too_little", message=message)


def _of_pairs(period: Period, pairs: Pairs, tables: Sequence[int]) -> Iterator[Candidate]:
    normal = period.normal
    usual = pairs.tables
    if normal is not None:
        if normal.pairs is None or len(normal.pairs.tables) != len(tables):
            return
        usual = normal.pairs.tables
    found = sorted(_changes(pairs, usual, tables, normal), key=lambda pair: pair.p_value)
    important = weights(period.baseline)
    n = int(np.reshape(tables, (-1, 4)).sum(axis=1).max())
    for place, pair in enumerate(found[:_MOST_NAMED]):
        if place and pair.p_value > _WORTH_NAMING:
            break
        yield _candidate(pair, min(important.get(pair.one, 1.0), important.get(pair.other, 1.0)), n)


def _changes(
    pairs: Pairs, usual: Sequence[int], tables: Sequence[int], normal: Normal | None
) -> Iterator[_Pair]:
    before, now = np.reshape(usual, (-1, 4)), np.reshape(tables, (-1, 4))
    if normal is not None and normal.pairs is not None:
        p_values = normal.pairs.p_values(tables)
    else:
        p_values = [same_odds_p(a, b) for a, b in zip(now.tolist(), before.tolist(), strict=True)]
    were, are = phi(before).tolist(), phi(now).tolist()
    for place, (one, other) in enumerate(pairs.named):
        corrected = min(1.0, p_values[place] * len(p_values))
        yield _Pair(one, other, were[place], are[place], corrected)


def _candidate(pair: _Pair, weight: float, n: int) -> Candidate:
    names = f"{pair.one} and {pair.other}"
    return Candidate(
        kind="drift",
        check=Correlation.name,
        subject=f"{JOINT}:{pair.one}~{pair.other}",
        p_value=pair.p_value,
        fine=f"{names} go together as before, as far as {n:,} rows can tell",
        found=(
            f"{names} no longer go together as before: correlation of being high {pair.before:+.2f} -> "
            f"{pair.now:+.2f}; see whether columns were swapped, or one of them computed anew"
        ),
        value=abs(pair.now - pair.before),
        unit="correlation",
        weight=weight,
        n=n,
        details={"before": round(pair.before, 4), "now": round(pair.now, 4)},
    )


def _of_scores(period: Period, pairs: Pairs, scores: Sequence[int]) -> Iterator[Candidate]:
    """Test how far rows follow the baseline's correlations, as the distribution of one number."""
    if period.normal is None:
        usual: Sequence[int] = pairs.joint.cells
        parts = log_p_values(Pair.of(pairs.joint.bins, usual, scores))
        p_value = math.exp(max(min(float(found) for found in parts.values()), _LEAST_LOG))
    else:
        known = period.normal.reference(JOINT, period.window.start)
        deviation = period.normal.judge(JOINT, scores, period.window.start)
        if known is None or deviation is None:
            return
        usual, p_value = known, deviation.p_value
    n, details = sum(scores), _shares(pairs, usual, scores)
    yield Candidate(
        kind="drift",
        check=Correlation.name,
        subject=JOINT,
        p_value=p_value,
        fine=f"features go together as before, as far as {n:,} rows can tell",
        found=(
            f"features no longer go together as before: {details['now']:.0%} of rows follow the baseline's "
            f"correlations at least as well as half of the rows did, and {details['before']:.0%} did; see "
            "whether columns were swapped"
        ),
        value=abs(details["now"] - details["before"]),
        unit="share of rows",
        n=n,
        details=details,
    )


def _shares(pairs: Pairs, usual: Sequence[int], scores: Sequence[int]) -> dict[str, Any]:
    """Give the shares of rows above the border that halves the baseline's scores."""
    cells = pairs.joint.cells
    middle = int(np.searchsorted(np.cumsum(cells), sum(cells) / 2.0)) + 1
    return {
        "before": sum(usual[middle:]) / max(sum(usual), 1), "now": sum(scores[middle:]) / max(sum(scores), 1)
    }  # fmt: skip
