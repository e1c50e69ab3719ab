"""Looks at one period with every check, judges all p-values together, and reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hythe.monitor.checks import declared
from hythe.monitor.finding import Finding, Report
from hythe.monitor.judge import judge
from hythe.monitor.notes import Reach, about
from hythe.monitor.period import Candidate, Check, Period, split
from hythe.monitor.plain import plain
from hythe.monitor.policy import MonitorPolicy

MOST_AHEAD_S = 300
"""How far clocks may differ before a window counts as one from the future."""


def examine(
    period: Period,
    policy: MonitorPolicy,
    alpha: float,
    checks: Sequence[Check] | None = None,
    *,
    now: float | None = None,
) -> Report:
    """Examine a period that has ended, at the level `alpha`; with every installed check where none are given.

    Where nothing drifts, the probability of any alarm from all p-values of the period is at most `alpha`.
    `now` (UTC seconds) is the reader's clock: a window that ends after it is not looked at. What could not
    be looked at, and why, is in the report's notes; a check that raises is left out, and named there. Where
    too few rows came, only checks with `of_requests` look: a period may have none because all were refused.
    Nothing is read or written: the same values give the same report.
    """
    notes, reach = about(period, policy, alpha, None if now is None else now + MOST_AHEAD_S)
    able = _able(declared() if checks is None else checks, reach)
    found, failures = _look(period, policy, able)
    findings, waiting = _judged(found, alpha, learning=policy.learning_days > 0 and period.normal is None)
    if waiting and reach == "values":
        notes.append(_still_learning(policy, waiting))
    window = period.window
    return Report(
        endpoint=window.endpoint,
        version=window.version,
        start=window.start,
        period_s=window.period_s,
        rows=window.rows,
        alpha=alpha,
        findings=tuple(sorted(findings, key=_order)),
        notes=(*notes, *failures),
    )


def _able(checks: Sequence[Check], reach: Reach) -> list[Check]:
    """Choose the checks that need no more than there is."""
    if reach == "values":
        return [*checks]
    return [check for check in checks if reach == "requests" and getattr(check, "of_requests", False)]


def _judged(
    found: Iterable[Candidate | Finding], alpha: float, *, learning: bool
) -> tuple[list[Finding], int]:
    """Give all findings, those of candidates last, and how many candidates wait to be judged."""
    candidates, findings = split(found)
    if learning:
        return findings, len(candidates)
    return [*findings, *judge(candidates, alpha)], 0


def _look(
    period: Period, policy: MonitorPolicy, checks: Iterable[Check]
) -> tuple[list[Candidate | Finding], list[str]]:
    """Collect what checks find of what the policy does not ignore, and what went wrong."""
    found: list[Candidate | Finding] = []
    failures = []
    for check in checks:
        if check.name not in policy.ignore:
            try:
                found += [plain(each) for each in check.look(period) if not _ignored(each, policy.ignore)]
            except Exception as err:  # noqa: BLE001 - a stranger's check must not hide what ours find
                failures.append(f"the check {check.name!r} failed and was left out: {err}")
    return found, failures


def _ignored(each: Candidate | Finding, ignore: Sequence[str]) -> bool:
    """Say whether a policy leaves it out, by `feature:age`, `age`, `probabilities` or `missing`."""
    return bool({*_names(each)} & {*ignore})


def _names(each: Candidate | Finding) -> Iterator[str]:
    yield each.check
    yield each.subject
    short = each.subject.partition(":")[2]
    yield short
    yield short.partition("[")[0]


def _order(finding: Finding) -> tuple[bool, bool, float, str]:
    """Put alarms first, then what could be looked at, each by how much it matters: weight times effect."""
    effect = abs(finding.value) if finding.value is not None and finding.p_value is not None else 1.0
    too_little = finding.verdict == "too_little"
    return finding.verdict != "alarm", too_little, -finding.weight * min(effect, 1.0), finding.subject


def _still_learning(policy: MonitorPolicy, waiting: int) -> str:
    return (
        f"{waiting} tests wait until the {policy.learning_days:g} days of learning have taught what "
        "variation between windows is normal; set learning_days = 0 to take rows for independent draws"
    )
