"""An alert in one line."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.monitor.alerts.alert import Alert, Subject

_NAMED = 3
_VERBS = {
    "drift": "drifted",
    "quality": "bad data",
    "performance": "worse than it should be",
    "estimate": "estimated to be worse",
    "errors": "too many failures",
    "latency": "too slow",
    "traffic": "unusual traffic",
}


def title(alert: Alert) -> str:
    """Say what an alert is about: `scoring 1.0.0: drifted: age, pay and 10 more`.

    >>> age = Subject(name="feature:age", since=0, until=60, finest_s=60)
    >>> title(Alert(endpoint="e", version="1.0.0", rule="rare", severity="warning", subjects=(age,)))
    'e 1.0.0: rare: age'
    """
    kinds = [finding.kind for finding in alert.findings]
    what = _VERBS.get(kinds[0], alert.rule) if len({*kinds}) == 1 else alert.rule
    return f"{alert.endpoint} {alert.version}: {what}: {named(alert.standing or alert.subjects)}"


def named(subjects: Sequence[Subject]) -> str:
    """Name the first subjects, and say how many more there are."""
    names = [short(subject.name) for subject in subjects[:_NAMED]]
    more = len(subjects) - len(names)
    if more:
        return f"{', '.join(names)} and {more} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:]))) or "nothing any more"


def short(subject: str) -> str:
    """Leave out that a feature is one; everything else is named in full.

    >>> short("feature:age"), short("output:label")
    ('age', 'output:label')
    """
    return subject.removeprefix("feature:")
