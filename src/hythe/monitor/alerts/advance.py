"""The state machine: one report more, and what becomes of a version's alerts by it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from hythe.monitor.alerts.alert import Alert, Event, Happened, State, Subject
from hythe.monitor.alerts.follow import begin, follow
from hythe.monitor.alerts.signs import Signs
from hythe.monitor.finding import Report
from hythe.monitor.rule import Rule, Severity

GATHER_S = 86400
"""Subjects that turn bad within a day of the first are one alert: one cause, one page."""
_RANK: dict[Severity, int] = {"critical": 0, "warning": 1, "info": 2}


class Advanced:
    """A version's alerts, new ones with id 0, and by their places what happened to them.

    `elsewhere` are those that fire for other versions of the endpoint.
    """

    def __init__(self, alerts: Iterable[Alert], elsewhere: Iterable[Alert] = ()) -> None:
        self.alerts = list(alerts)
        self.elsewhere = tuple(elsewhere)
        self.happened: dict[int, Happened] = {}

    @property
    def events(self) -> list[Event]:
        """What happened, in the order of the alerts."""
        return [Event(self.happened[at], self.alerts[at]) for at in sorted(self.happened)]

    def of(self, rule: Rule, state: State) -> list[tuple[int, Alert]]:
        """Give the alerts of a rule in one state, with their places, the newest first."""
        found = [(at, each) for at, each in enumerate(self.alerts) if each.rule == rule.name]
        return [(at, each) for at, each in reversed(found) if each.state == state]

    def end(self, at: int, now: int, reason: str) -> None:
        """Resolve the alert at a place."""
        self.alerts[at] = resolve(self.alerts[at], now, reason).alert
        self.happened[at] = "resolved"


def advance(
    report: Report,
    rules: Sequence[Rule],
    known: Iterable[Alert],
    now: int,
    elsewhere: Iterable[Alert] = (),
) -> Advanced:
    """Take a report into the alerts of its version; the same report again changes nothing.

    `known` are the alerts that are pending or firing, and those resolved that stood in the report's period;
    `elsewhere` those that fire for other versions of the endpoint. Rules go by severity, then in their order.
    A subject that stands in another rule's alert of the same severity or a higher one has been told of, and
    waits; so does a feature that stands in another version's, for both are sent the same rows.
    """
    done = Advanced(known, elsewhere)
    ranked = sorted(rules, key=lambda each: _RANK[each.severity])
    seen = {rule.name: Signs(rule, report) for rule in ranked}
    for rule in ranked:
        _follow_firing(done, rule, report, seen[rule.name], now)
    for rule in ranked:
        _gather(done, rule, report, seen[rule.name])
        _fire(done, rule, report, now)
    _drop_orphans(done, {rule.name for rule in rules}, now)
    return done


def resolve(alert: Alert, now: int, reason: str) -> Event:
    """End an alert."""
    return Event("resolved", replace(alert, state="resolved", resolved_at=now, reason=reason))


def _follow_firing(done: Advanced, rule: Rule, report: Report, signs: Signs, now: int) -> None:
    for at, alert in done.of(rule, "firing"):
        if _was_taken(alert, report):
            continue
        followed = _taken(replace(alert, subjects=_followed(alert, rule, report, signs)), report)
        done.alerts[at] = followed
        if not followed.standing:
            done.end(at, now, "no sign of it any more")


def _gather(done: Advanced, rule: Rule, report: Report, signs: Signs) -> None:
    """Follow the subjects that do not stand in an alert of the rule yet."""
    place, pending = next(iter(done.of(rule, "pending")), (len(done.alerts), _pending(rule, report)))
    if _was_taken(pending, report):
        return
    followed = [one for one in _followed(pending, rule, report, signs) if _going_on(one)]
    told = {subject.name for _, alert in done.of(rule, "firing") for subject in alert.subjects}
    told |= {subject.name for subject in followed} | _old_news(done, rule, report)
    fresh = [begin(name, report, bad) for name, bad in signs.called.items() if name not in told]
    pending = _taken(replace(pending, subjects=(*followed, *fresh)), report)
    if place < len(done.alerts):
        done.alerts[place] = pending
    elif pending.subjects:
        done.alerts.append(pending)


def _fire(done: Advanced, rule: Rule, report: Report, now: int) -> None:
    """Tell of those that were bad for long enough, and nobody else tells of."""
    for place, pending in done.of(rule, "pending"):
        told = _told_by_others(done, rule)
        ready = {
            one.name for one in pending.subjects if _long_enough(one, rule) and not _identities(one) <= told
        }
        if ready:
            waiting = tuple(one for one in pending.subjects if one.name not in ready)
            firing = replace(pending, subjects=tuple(one for one in pending.subjects if one.name in ready))
            done.alerts[place] = replace(pending, subjects=waiting)
            _join_or_open(done, rule, report, firing, now, None if waiting else place)


def _join_or_open(
    done: Advanced, rule: Rule, report: Report, ready: Alert, now: int, place: int | None
) -> None:
    """Let what is ready join a firing alert of the same cause, else be one, at `place` or at the end."""
    for at, alert in done.of(rule, "firing"):
        if alert.acknowledged is None and report.start < alert.began + GATHER_S:
            done.alerts[at] = replace(alert, subjects=(*alert.subjects, *ready.subjects))
            return
    opened = replace(ready, state="firing", opened=now)
    if place is None:
        place = len(done.alerts)
        done.alerts.append(replace(opened, id=0))
    else:
        done.alerts[place] = opened
    done.happened[place] = "fired"


def _drop_orphans(done: Advanced, names: set[str], now: int) -> None:
    """End what the rules do not follow any more."""
    for at, alert in enumerate(done.alerts):
        if alert.rule in names:
            continue
        if alert.state == "firing":
            done.end(at, now, f"there is no rule '{alert.rule}' any more")
        elif alert.state == "pending":
            done.alerts[at] = replace(alert, subjects=())


def _pending(rule: Rule, report: Report) -> Alert:
    return Alert(
        endpoint=report.endpoint,
        version=report.version,
        rule=rule.name,
        severity=rule.severity,
        runbook=rule.runbook,
    )


def _followed(alert: Alert, rule: Rule, report: Report, signs: Signs) -> tuple[Subject, ...]:
    return tuple(
        follow(one, signs.of(one), report, signs.called.get(one.name, ()), rule.clear_periods)
        for one in alert.subjects
    )


def _was_taken(alert: Alert, report: Report) -> bool:
    return report.start <= alert.taken.get(report.period_s, -1)


def _taken(alert: Alert, report: Report) -> Alert:
    return replace(alert, taken={**alert.taken, report.period_s: report.start})


def _old_news(done: Advanced, rule: Rule, report: Report) -> set[str]:
    """Name the subjects whose trouble in this period has been told of, and was over since."""
    return {
        subject.name
        for _, alert in done.of(rule, "resolved")
        for subject in alert.subjects
        if report.start < subject.until
    }


def _told_by_others(done: Advanced, rule: Rule) -> set[str]:
    others = [alert for alert in done.alerts if alert.state == "firing" and alert.rule != rule.name]
    told = {each for alert in others for each in _told(alert, rule)}
    shared = {each for alert in done.elsewhere for each in _told(alert, rule)}
    return told | {each for each in shared if each.startswith("feature:")}


def _told(alert: Alert, rule: Rule) -> Iterator[str]:
    """Say what stands in an alert that matters at least as much as those of a rule.

    It is the names of features, outputs and segments; of what all kinds share, such as `requests`, the name
    with the kind: that answers are slow does not tell that requests fail.
    """
    if _RANK[alert.severity] <= _RANK[rule.severity]:
        for subject in alert.standing:
            yield from _identities(subject)


def _identities(subject: Subject) -> set[str]:
    if ":" in subject.name:
        return {subject.name}
    return {f"{subject.name} {finding.kind}" for finding in subject.findings}


def _long_enough(subject: Subject, rule: Rule) -> bool:
    return any(streak.bad >= rule.for_periods for streak in subject.streaks)


def _going_on(subject: Subject) -> bool:
    return any(streak.bad for streak in subject.streaks)
