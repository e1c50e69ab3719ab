"""`/metrics` in Prometheus' text format: the sum over all workers, whichever answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hythe.dataplane.gate import Gate
from hythe.dataplane.meter import METRICS
from hythe.dataplane.turned_away import TURNED_AWAY
from hythe.runtime.counters import Counters, Metric, Series
from hythe.runtime.server_metrics import SERVER_METRICS
from hythe.server.http.messages import TEXT, Reply
from hythe.server.http.request import Request
from hythe.server.http.router import Route

_VERB = "metrics"


class MetricsDoor:
    """Exposes the shared counters to whoever may see them; to anybody without a `gate`."""

    def __init__(self, counters: Counters, gate: Gate | None = None) -> None:
        self._counters = counters
        self._gate = gate

    def routes(self) -> Iterable[Route]:
        """Name the routes."""
        yield Route("GET", "/metrics", self.metrics)

    async def metrics(self, request: Request) -> Reply:
        """Write every series."""
        if self._gate is not None:
            self._gate.admit(request.caller, "", _VERB)
        return Reply(exposition(self._counters.read()).encode(), headers=TEXT)


def exposition(series: dict[Series, list[float]]) -> str:
    """Write series in Prometheus' text format, version 0.0.4."""
    lines: list[str] = []
    for metric in (*METRICS, TURNED_AWAY, *SERVER_METRICS):
        found = sorted((labels, values) for (name, labels), values in series.items() if name == metric.name)
        if found:
            lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
        for labels, values in found:
            lines += _lines(metric, labels, values)
    return "\n".join(lines) + "\n"


def _lines(metric: Metric, labels: Sequence[tuple[str, str]], values: list[float]) -> Iterable[str]:
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
    return str(int(value)) if value == int(value) else repr(value)
