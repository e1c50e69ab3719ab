"""What guards and detectors want counted beside the rest: named whole numbers that add up.

A statistic is an entry point in the group `hythe.window_statistics`; ours are declared there too. It sees
each second's requests once, beside the serving path, and what it gives stands in every window by its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from hythe.base.installed import installed
from hythe.monitor.records.columns import wide
from hythe.monitor.windows.group import Group, Requests
from hythe.monitor.windows.score import UNIT

GROUP = "hythe.window_statistics"


class Statistic(Protocol):
    """Something to count in each second of each arm."""

    @property
    def name(self) -> str:
        """The name under which windows hold it."""
        ...

    def count(self, requests: Requests, group: Group) -> Sequence[int]:
        """Give whole numbers, as many each time; those of two groups added up are those of both together."""
        ...


class Errors:
    """How many requests there were that a model should have answered, and how many of them failed.

    What the caller did wrong is no error of the version's; a failure that a fallback made good is.
    """

    name = "errors"

    def count(self, requests: Requests, group: Group) -> Sequence[int]:
        """Count requests answered or failed, and those failed."""
        failed = wide(requests.calls.outcome, len(requests.calls)).count("failed") + group.rescued
        return int(requests.answered.sum()) + failed, failed


class Latency:
    """For a confidence sequence on mean latency: n, Σ t and Σ t² of answered requests, t in whole µs."""

    name = "latency_us"

    def count(self, requests: Requests, _group: Group) -> Sequence[int]:
        """Count answered requests, and sum their microseconds and the squares of these."""
        micros = np.rint(requests.duration_s[requests.answered] * 1e6).astype(np.int64).tolist()
        return len(micros), sum(micros), sum([value * value for value in micros])


class Prediction:
    """What was predicted: n, Σ v, Σ v² and Σ v³ of the answered requests, v their mean score in 1/1000ths.

    See `hythe.monitor.windows.score.Score`. Nothing is counted where the endpoint has no score.
    """

    name = "prediction"

    def count(self, _requests: Requests, group: Group) -> Sequence[int]:
        """Count the requests that have a score, and sum these in whole 1/1000ths, their squares and cubes."""
        scores = group.scores()
        if scores is None:
            return ()
        whole = np.rint(scores * UNIT).astype(np.int64)
        return len(whole), *(int((whole**power).sum()) for power in (1, 2, 3))


def declared() -> tuple[Statistic, ...]:
    """Load every statistic that is installed, by name.

    Raises:
        Unsupported: when one cannot be loaded.

    """
    return installed(GROUP, "statistic")
