"""What simulated rollouts came to, in the figures that people decide by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
import numpy as np

from hythe.rollout.simulation.play import Played

_PLACES = 60


class Spread(msgspec.Struct, frozen=True):
    """The median, the 90th percentile and the most of some numbers."""

    median: float
    p90: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """Sum numbers up; None of none."""
        if not values:
            return None
        median, p90, most = np.quantile(values, [0.5, 0.9, 1.0])
        return cls(float(median), float(p90), float(most))


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """Those of the rollouts that ended in one way.

    `share` is of all, `seconds` from the start to the end. `requests` went to the candidate, which failed
    `failed` of them. `because` counts the reasons: the guard that was worse, or the stage that was reached.
    """

    share: float
    seconds: Spread | None = None
    requests: Spread | None = None
    failed: Spread | None = None
    because: dict[str, int] = {}


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How `runs` rollouts ended: promoted (or finished, in shadow), gone back, or gone back for want of data.

    `traffic` is the candidate's mean share of the answers, at even times from the start to `until_s`, by
    which nine of ten rollouts had ended.
    """

    runs: int
    promoted: Ends
    rolled_back: Ends
    expired: Ends
    until_s: float
    traffic: tuple[float, ...]

    @classmethod
    def of(cls, played: Sequence[Played]) -> Outcome:
        """Sum up what was played."""
        groups: dict[str, list[Played]] = {"promoted": [], "rolled_back": [], "expired": []}
        for item in played:
            groups[_way(item)].append(item)
        until_s = float(np.quantile([item.rollout.running_s for item in played], 0.9))
        times = np.linspace(0.0, until_s, _PLACES)
        traffic = np.mean([_shares(item, times) for item in played], axis=0)
        return cls(
            runs=len(played),
            until_s=until_s,
            traffic=tuple(traffic.tolist()),
            **{way: _ends(items, len(played)) for way, items in groups.items()},
        )


def _way(played: Played) -> str:
    if played.rollout.status in {"promoted", "finished"}:
        return "promoted"
    return "rolled_back" if _worse(played) else "expired"


def _worse(played: Played) -> str:
    """Name the guard that sent a rollout back; "" where none did."""
    return next((item.metric for item in played.rollout.reports if item.verdict == "worse"), "")


def _ends(items: Sequence[Played], runs: int) -> Ends:
    because: Counter[str] = Counter()
    for item in items:
        because[_worse(item) or f"{item.rollout.now.kind} {item.rollout.now.share:.4g}"] += 1
    return Ends(
        share=len(items) / runs,
        seconds=Spread.of([item.rollout.running_s for item in items]),
        requests=Spread.of([item.asked for item in items]),
        failed=Spread.of([item.failed for item in items]),
        because=dict(because.most_common()),
    )


def _shares(played: Played, times: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[float]:
    starts = [start for start, _ in played.shares]
    places = np.searchsorted(starts, times, side="right") - 1
    return [played.shares[place][1] for place in places.tolist()]
