"""Runbooks: what was found, what it means, what to check and what to run, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hythe.base.clock import minute_of
from hythe.monitor.alerts.advice import ADVICE
from hythe.monitor.alerts.alert import Alert, Subject
from hythe.monitor.alerts.words import short, title
from hythe.monitor.finding import Finding, Kind
from hythe.monitor.rule import Rule

_LISTED = 20
_DETAILED = 5
_DIGITS = 4


def runbook(alert: Alert, ref: str) -> str:
    """Write the runbook of an alert about the version that `ref` names, such as `churn:1.0.0`."""
    kinds = _kinds(finding.kind for finding in alert.findings)
    words = {"endpoint": alert.endpoint, "version": alert.version, "ref": ref}
    blocks = [
        f"# Alert {alert.id}: {title(alert)}",
        _standing(alert),
        "## What was found",
        _table(alert.subjects),
        *_details(alert.findings),
        *_advice(kinds, words),
        "## Looking after it",
        _code([
            f'hythe alerts ack {alert.id} --note "who looks at it, and what is known"',
            f"hythe alerts silence {alert.endpoint} --for 4h --rule {alert.rule}",
            f'hythe alerts resolve {alert.id} --note "what was done"',
        ]),
        "It ends by itself when periods show no sign of it any more.",
    ]  # fmt: skip
    return "\n\n".join(blocks) + "\n"


def runbook_of_rule(rule: Rule, endpoint: str, version: str, ref: str) -> str:
    """Write what is known of a rule's alerts before there is one."""
    kinds = _kinds([rule.kind]) or tuple(ADVICE)
    words = {"endpoint": endpoint, "version": version, "ref": ref}
    blocks = [
        f"# Alerts of {endpoint}: {rule.name}",
        (
            f"Severity {rule.severity}. It fires after {_periods(rule.for_periods)} in a row and ends after "
            f"{_periods(rule.clear_periods)} without a sign. The evidence of one that fires: "
            f"`hythe alerts --endpoint {endpoint}`, then `hythe alerts runbook NUMBER`."
        ),
        *_advice(kinds, words),
    ]
    return "\n\n".join(blocks) + "\n"


def _kinds(names: Iterable[str]) -> tuple[Kind, ...]:
    return tuple(dict.fromkeys(kind for name in names for kind in ADVICE if kind == name))


def _standing(alert: Alert) -> str:
    lines = [
        (
            f"Rule {alert.rule}, severity {alert.severity}, {alert.state}. "
            f"It began at {_time(alert.began)} and was told at {_time(alert.opened)}."
        )
    ]
    if alert.state == "resolved":
        lines.append(f"It was over at {_time(alert.resolved_at)}: {alert.reason}.")
    if alert.acknowledged is not None:
        note = f": {alert.acknowledged.note}" if alert.acknowledged.note else ""
        lines.append(f"{alert.acknowledged.by} looks after it since {_time(alert.acknowledged.at)}{note}.")
    if alert.runbook:
        lines.append(f"The rule names a runbook of its own: {alert.runbook}")
    return " ".join(lines)


def _table(subjects: Sequence[Subject]) -> str:
    rows = ["| what | found | weight | since |", "|---|---|---|---|"]
    for subject in subjects[:_LISTED]:
        found = " ".join(finding.message for finding in subject.findings)
        weight = max((finding.weight for finding in subject.findings), default=1.0)
        over = " (over)" if subject.cleared else ""
        cells = (f"{short(subject.name)}{over}", found, f"{weight:.2g}", _time(subject.since))
        rows.append(f"| {' | '.join(_cell(cell) for cell in cells)} |")
    if len(subjects) > _LISTED:
        rows.append(f"| and {len(subjects) - _LISTED} more | | | |")
    return "\n".join(rows)


def _details(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings[:_DETAILED]:
        facts = {
            "value": finding.value, "unit": finding.unit, "limit": finding.limit, "low": finding.low,
            "high": finding.high, "p-value": finding.p_value, "rows": finding.n or None, **finding.details,
        }  # fmt: skip
        known = [f"{name} {_said(value)}" for name, value in facts.items() if _plain(value)]
        if known:
            yield f"**{short(finding.subject)}, {finding.check}**: {', '.join(known)}."


def _advice(kinds: Sequence[Kind], words: dict[str, str]) -> Iterator[str]:
    commands: dict[str, None] = {}
    for kind in kinds:
        advice = ADVICE[kind]
        yield f"## What it means{f' ({kind})' if len(kinds) > 1 else ''}"
        yield advice.meaning.format(**words)
        checks = (check.format(**words) for check in advice.checks)
        yield "\n".join(f"{number}. {check}" for number, check in enumerate(checks, start=1))
        commands |= dict.fromkeys(command.format(**words) for command in advice.commands)
    yield "## What to run"
    yield _code(commands)


def _code(lines: Iterable[str]) -> str:
    return "\n".join(["```", *lines, "```"])


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("\n", " ")


def _plain(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def _said(value: object) -> str:
    return f"{value:.{_DIGITS}g}" if isinstance(value, float) else str(value)


def _periods(n: int) -> str:
    return "one period" if n == 1 else f"{n} periods"


def _time(at: int) -> str:
    return f"{minute_of(at)} UTC"
