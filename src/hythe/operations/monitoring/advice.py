"""What to do next about what a look at an endpoint shows."""

from __future__ import annotations

from collections.abc import Iterator

from hythe.operations.monitoring.view import MonitorView

_MOST = 4


def advice(view: MonitorView) -> tuple[str, ...]:
    """Give sentences, each with the command to run, the most pressing first."""
    found = [*_alerts(view), *_traffic(view), *_alarms(view), *_attended(view)]
    return tuple(found[:_MOST]) or (f"nothing; how it is judged: hythe monitor settings {view.endpoint}",)


def _alerts(view: MonitorView) -> Iterator[str]:
    unseen = [alert.id for alert in view.alerts if alert.acknowledged is None]
    if unseen:
        yield f'look after alert {unseen[0]}, and say so: hythe alerts ack {unseen[0]} --note "…"'


def _traffic(view: MonitorView) -> Iterator[str]:
    if any(each.total for each in view.traffic):
        return
    apart = sum(each.apart for each in view.traffic)
    if apart:
        yield (
            f"the {apart:,} requests named a version, or were copies for a shadow; only what the plan draws "
            f"is tested: ask /predict/{view.endpoint}"
        )
    else:
        yield "nothing was observed in this time; look further back with --since, or send requests: hythe up"


def _alarms(view: MonitorView) -> Iterator[str]:
    for version, views in view.subjects.items():
        worst = next((each for each in views if each.verdict == "alarm"), None)
        if worst is not None:
            name = worst.subject.partition(":")[2] or worst.subject
            if worst.kind in {"drift", "quality"}:
                yield f"begin with {name} of {version}: see what changed where it comes from, and since when"
            else:
                yield f"{version} does worse: see where; retrain, or go back: hythe rollback {view.endpoint}"
            return


def _attended(view: MonitorView) -> Iterator[str]:
    if not view.monitor:
        made = f"what nobody had looked at ({view.computed:,}) was looked at now, " if view.computed else ""
        yield (
            f"nobody monitors by itself: {made}nothing is stored and no alert is sent; start hythe up, or "
            "hythe control"
        )
