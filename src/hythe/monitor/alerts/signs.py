"""What a period says of each subject of a rule.

An alert fires on proof and resolves only when even a weak sign is gone, as a thermostat does. Otherwise drift
that a short period finds every third time would fire and resolve all day.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from hythe.monitor.alerts.alert import Subject
from hythe.monitor.finding import Finding, Report
from hythe.monitor.rule import Rule

Sign: TypeAlias = Literal["bad", "unsure", "clear", "unknown"]
WEAK_P = 0.01
"""A p-value below this is a sign still, though none to fire on."""
_OF_VALUES = frozenset({"drift", "quality"})
"""Kinds of checks that may tell of faults alone, so that what they do not name is fine once values were
tested. Others are absent because nobody knows: labels come late, or no request came."""


class Signs:
    """What a report says to one rule.

    >>> lost = Finding(kind="quality", check="missing", subject="feature:age", verdict="alarm", message="")
    >>> report = Report(
    ...     endpoint="e", version="1.0.0", start=0, period_s=60, rows=9, alpha=0.1, findings=(lost,)
    ... )
    >>> list(Signs(Rule(name="drift", kind="drift"), report).called), [
    ...     *Signs(Rule(name="quality", kind="quality"), report).called
    ... ]
    ([], ['feature:age'])
    """

    def __init__(self, rule: Rule, report: Report) -> None:
        self._rule = rule
        self._tested = any(each.kind in _OF_VALUES and each.p_value is not None for each in report.findings)
        self._found: dict[str, list[Finding]] = {}
        for finding in report.findings:
            if rule.matches(finding):
                self._found.setdefault(finding.subject, []).append(finding)
        self.called = {name: bad for name, found in self._found.items() if (bad := self._bad(found))}
        """The findings that call for an alert, by their subject, in the order of the report."""

    def of(self, subject: Subject) -> Sign:
        """Say what the report means for a subject that the rule follows.

        `bad` calls for the alert, `clear` shows no sign of it, `unsure` is between the two, and `unknown`
        where the subject was not looked at, or too little came to look.
        """
        if subject.name in self.called:
            return "bad"
        own = self._found.get(subject.name, [])
        judged = [finding for finding in own if finding.verdict != "too_little"]
        if any(self._hints(finding) for finding in judged):
            return "unsure"
        if judged:
            return "clear"
        return "unknown" if own else self._absent(subject)

    def _bad(self, findings: list[Finding]) -> tuple[Finding, ...]:
        judged = (finding for finding in findings if finding.verdict != "too_little")
        return tuple(finding for finding in judged if self._rule.holds(finding))

    def _hints(self, finding: Finding) -> bool:
        """Say whether a finding that does not call for an alert is a weak sign all the same."""
        if self._rule.above is not None:
            return finding.value is not None and finding.value > self._rule.above
        if self._rule.below is not None:
            return finding.value is not None and finding.value < self._rule.below
        return finding.p_value is not None and finding.p_value < WEAK_P

    def _absent(self, subject: Subject) -> Sign:
        """Judge a subject that the report does not name."""
        of_values = all(finding.kind in _OF_VALUES for finding in subject.findings)
        return "clear" if of_values and self._tested else "unknown"
