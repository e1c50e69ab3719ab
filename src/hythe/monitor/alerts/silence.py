"""What is not told for a while: alerts stand as ever, and nobody is called."""

from __future__ import annotations

from fnmatch import fnmatchcase

import msgspec

from hythe.monitor.alerts.alert import Alert


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts of `endpoint` (`*` for all) by rules named so, about subjects named so, are not told `until`.

    `rule` and `subject` are shell patterns. An alert is silent when all that stands in it is.

    >>> from hythe.monitor.alerts.alert import Subject
    >>> age, pay = (Subject(name=f"feature:{n}", since=0, until=60, finest_s=60) for n in ("age", "pay"))
    >>> alert = Alert(endpoint="e", version="1.0.0", rule="drift", severity="warning", subjects=(age, pay))
    >>> [
    ...     Silence(endpoint="e", subject=subject, until=100, by="ana", at=0).covers(alert, now=10)
    ...     for subject in ("feature:*", "feature:age")
    ... ]
    [True, False]
    """

    endpoint: str
    rule: str = "*"
    subject: str = "*"
    until: int
    by: str
    at: int
    note: str = ""

    def covers(self, alert: Alert, now: int) -> bool:
        """Say whether an alert is silent at a UTC second."""
        if now >= self.until or self.endpoint not in {"*", alert.endpoint}:
            return False
        subjects = alert.standing or alert.subjects
        return fnmatchcase(alert.rule, self.rule) and all(
            fnmatchcase(subject.name, self.subject) for subject in subjects
        )
