"""Series in Prometheus' text format, version 0.0.4."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from hythe.runtime.counters import Metric, Series


def exposition(metrics: Iterable[Metric], series: Mapping[Series, Sequence[float]]) -> str:
    """Write the series of these metrics, each with its meaning and its kind.

    >>> rows = Metric("rows_total", "counter", "Rows answered.")
    >>> print(exposition([rows], {("rows_total", (("endpoint", "churn"),)): [5.0]}), end="")
    # HELP rows_total Rows answered.
    # TYPE rows_total counter
    rows_total{endpoint="churn"} 5
    """
    lines: list[str] = []
    by_name: dict[str, list[tuple[tuple[tuple[str, str], ...], Sequence[float]]]] = {}
    for (name, labels), values in series.items():
        by_name.setdefault(name, []).append((labels, values))
    for metric in metrics:
        found = sorted(by_name.get(metric.name, []))
        if found:
            lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
        for labels, values in found:
            lines += _lines(metric, labels, values)
    return "\n".join(lines) + "\n"


def _lines(metric: Metric, labels: Sequence[tuple[str, str]], values: Sequence[float]) -> Iterable[str]:
    if metric.kind != "histogram":
        yield f"{metric.name}{_labels(labels)} {_number(values[0])}"
        return
    total = 0.0
    for bound, count in zip((*metric.bounds, None), values, strict=False):
        total += count
        edge = "+Inf" if bound is None else _number(bound)
        yield f"{metric.name}_bucket{_labels([*labels, ('le', edge)])} {_number(total)}"
    yield f"{metric.name}_sum{_labels(labels)} {_number(values[-1])}"
    yield f"{metric.name}_count{_labels(labels)} {_number(total)}"


def _labels(labels: Sequence[tuple[str, str]]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(value)
