"""The counts of one version in Triton's terms, from the counters that all processes share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from hythe.dataplane.meter import ANSWERED_ROWS, BATCH, DURATION, INFERENCE
from hythe.runtime.counters import Metric, Series

_Total: TypeAlias = "tuple[float, float]"
"""How many, and their sum."""


def counted(series: Mapping[Series, list[float]], endpoint: str, version: str) -> dict[str, Any]:
    """Make the fields of a `ModelStatistics`.

    `inference_count` is in rows and `execution_count` in calls of the model, as Triton counts them; times are
    in nanoseconds. Requests that were refused before a version was chosen belong to none.
    """
    mine = [
        (name, labels, values)
        for (name, pairs), values in series.items()
        if (labels := dict(pairs)).get("endpoint") == endpoint and labels.get("version") == version
    ]

    def histograms(metric: Metric) -> list[tuple[str, _Total]]:
        return [
            (labels.get("outcome", ""), (sum(values[:-1]), values[-1]))
            for name, labels, values in mine
            if name == metric.name
        ]

    durations = histograms(DURATION)
    return {
        "name": endpoint,
        "version": version,
        "inference_count": int(sum(values[0] for name, _, values in mine if name == ANSWERED_ROWS.name)),
        "execution_count": int(sum(count for _, (count, _) in histograms(BATCH))),
        "inference_stats": {
            "success": _duration(total for outcome, total in durations if outcome == "answered"),
            "fail": _duration(total for outcome, total in durations if outcome != "answered"),
            "compute_infer": _duration(total for _, total in histograms(INFERENCE)),
        },
    }


def _duration(totals: Iterable[_Total]) -> dict[str, int]:
    listed = list(totals)
    return {
        "count": int(sum(count for count, _ in listed)),
        "ns": int(sum(seconds for _, seconds in listed) * 1e9),
    }
