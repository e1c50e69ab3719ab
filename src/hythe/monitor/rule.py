"""Rules: which findings become alerts, how severe they are, and for how long they have to stand."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal, TypeAlias, get_args

import msgspec

from hythe.base.errors import Invalid
from hythe.monitor.finding import Finding

Severity: TypeAlias = Literal["info", "warning", "critical"]


class Rule(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Findings that match `kind`, `check` and `subject` (shell patterns) become alerts of this severity.

    A finding counts when it alarms, or, with `above` or `below`, when its interval (its value, where it has
    none) lies beyond that limit. The alert fires after `for_periods` such periods in a row and resolves
    after `clear_periods` without.

    >>> Rule(name="labels", check="accuracy", below=0.8, for_periods=0)
    Traceback (most recent call last):
    ...
    hythe.base.errors.Invalid: the rule 'labels' has for_periods 0; give 1 or more
    """

    name: str
    kind: str = "*"
    check: str = "*"
    subject: str = "*"
    above: float | None = None
    below: float | None = None
    severity: Severity = "warning"
    for_periods: int = 1
    clear_periods: int = 2
    runbook: str = ""

    def __post_init__(self) -> None:
        if self.severity not in get_args(Severity):
            allowed = ", ".join(get_args(Severity))
            raise Invalid(f"the rule {self.name!r} has severity {self.severity!r}; use one of {allowed}")
        for name in ("for_periods", "clear_periods"):
            if getattr(self, name) < 1:
                raise Invalid(f"the rule {self.name!r} has {name} {getattr(self, name)}; give 1 or more")
        if self.above is not None and self.below is not None:
            raise Invalid(f"the rule {self.name!r} has both above and below; give one, and a second rule")

    def matches(self, finding: Finding) -> bool:
        """Say whether this rule is about a finding."""
        pairs = ((finding.kind, self.kind), (finding.check, self.check), (finding.subject, self.subject))
        return all(fnmatchcase(value, pattern) for value, pattern in pairs)

    def holds(self, finding: Finding) -> bool:
        """Say whether a finding that matches calls for an alert."""
        if self.above is not None:
            least = finding.low if finding.low is not None else finding.value
            return least is not None and least > self.above
        if self.below is not None:
            most = finding.high if finding.high is not None else finding.value
            return most is not None and most < self.below
        return finding.verdict == "alarm"
