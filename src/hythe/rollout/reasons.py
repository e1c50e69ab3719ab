"""Why a rollout stands where it stands, in sentences for people."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hythe.rollout.figures import between, level
from hythe.rollout.guard import Guard, GuardReport
from hythe.rollout.state import Stage

_HUGE = 700.0


def worse(guard: Guard, report: GuardReport) -> str:
    """Say what is worse, and on what evidence."""
    return f"{guard.metric} is worse{_figures(guard, report)}"


def mismatched(log_e: float) -> str:
    """Say that nothing can be compared."""
    return (
        f"sample-ratio mismatch: the traffic is not split as planned (e = {_e(log_e)}), so no comparison can "
        "be believed; see whether requests of one version are lost or repeated before they are counted"
    )


def expired(most_s: float, held: str) -> str:
    """Say that the time is over."""
    return f"not enough data after {duration(most_s)}: {held}"


def too_early(left_s: float) -> str:
    """Say how long the stage lasts at least."""
    return f"the stage lasts {duration(left_s)} more"


def unproven(guard: Guard, report: GuardReport, needed: int | None, *, asked: bool) -> str:
    """Say that a guard has not excluded its margin, or a question (`asked`) is not answered."""
    if not report.n_candidate:
        return f"{guard.metric} has no data"
    more = "" if needed is None else f", about {needed:,} more units to go"
    return f"{guard.metric} is not proven {'better' if asked else 'fine'} yet{more}"


def too_few(guard: Guard, found: int, wanted: int) -> str:
    """Say that a stage has not seen enough of the candidate."""
    return f"{guard.metric} has {max(found, 0):,} of the {wanted:,} units that the stage needs"


def stopped(guard: Guard, fresh_s: float) -> str:
    """Say that the data do not grow any more."""
    return f"{guard.metric} got no new data for {duration(fresh_s)}"


def fine(guards: Sequence[Guard]) -> str:
    """Say that all is well."""
    names = [guard.metric for guard in guards]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{listed} {'is' if len(names) == 1 else 'are'} fine"


def goes_on(stage: Stage, because: str) -> str:
    """Say which stage comes."""
    return f"{because}: on to {stage.kind} {stage.share:.4g}"


def weighed(weights: tuple[float, float], held: str) -> str:
    """Say what a bandit makes of what it saw."""
    return f"the candidate gets {weights[1]:.4g} of the traffic by what it earned; {held}"


def duration(seconds: float) -> str:
    """Write a duration as people do.

    >>> duration(90), duration(30), duration(7 * 86400)
    ('1.5 min', '30 s', '7 d')
    """
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _figures(guard: Guard, report: GuardReport) -> str:
    shown = []
    if report.candidate is not None:
        against = "" if report.champion is None else f" against {level(guard, report.champion)}"
        shown.append(f"{level(guard, report.candidate)}{against}")
    if report.low is not None:
        shown.append(between(guard, report))
    shown.append(f"e = {_e(report.log_e_worse)} after {report.n_candidate:,} units of the candidate")
    return f": {', '.join(shown)}"


def _e(log_e: float) -> str:
    return f"{math.exp(min(log_e, _HUGE)):.3g}"
