"""What a rollout does next: a function of where it stands and of what its guards know."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec
from msgspec.structs import replace

from hythe.rollout import reasons
from hythe.rollout.guard import Guard, GuardReport
from hythe.rollout.policy import Policy
from hythe.rollout.state import Rollout, Status

Move: TypeAlias = Literal["stay", "next", "reweigh", "promote", "roll_back", "expire", "finish"]
"""`finish` ends a rollout that was not to move traffic; `expire` goes back for want of data."""
MISMATCH = math.log(1000.0)
"""From this much evidence (a logarithm) against the planned split on, no comparison is believed."""
_ENDS: dict[Move, Status] = {
    "promote": "promoted",
    "roll_back": "rolled_back",
    "expire": "rolled_back",
    "finish": "finished",
}


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What to do and why: `reason` is a sentence for people.

    `needed` is how many more units it takes to go on, as `GuardReport.needed` has it, None where nobody
    knows. `weights` are the champion's and the candidate's new ones, for `reweigh`. `reports` and `running_s`
    are those that were looked at.
    """

    move: Move
    reason: str
    needed: int | None = None
    weights: tuple[float, float] | None = None
    reports: tuple[GuardReport, ...] = ()
    running_s: float = 0.0


class _Look(NamedTuple):
    """All that a decision is made of."""

    rollout: Rollout
    reports: Mapping[str, GuardReport]
    running_s: float
    growing: Mapping[str, bool]
    log_e_mismatch: float

    @property
    def policy(self) -> Policy:
        return self.rollout.policy


def guards_of(rollout: Rollout) -> tuple[Guard, ...]:
    """Give the guards that the present stage brings data for: those on shadows, or all others."""
    shadows = rollout.now.kind == "shadow"
    return tuple(guard for guard in rollout.policy.everything if (guard.kind.source == "shadows") == shadows)


def decide(
    rollout: Rollout,
    reports: Sequence[GuardReport],
    *,
    running_s: float,
    growing: Mapping[str, bool],
    log_e_mismatch: float = 0.0,
) -> Decision:
    """Decide what a rollout does next.

    `reports` are of the guards, at the margins of `stages.margin_at`; a guard without one has no data.
    `running_s` is how long controllers have looked on. `growing` says by metric whether its data grew within
    the policy's `fresh_s`. `log_e_mismatch` is the evidence that the traffic is not split as planned.

    - Worse evidence goes back at once, in any stage, paused or not, and whatever the split: the way back is
      the safe one.
    - Paused, it stays. With a sample-ratio mismatch it stays too.
    - It goes on when every guard of the stage is fine, with enough units counted in this stage, after the
      step's time, and while the data of each still grow. After the last stage it promotes.
    - Whatever would only stay goes back once `most_s` have passed. While it stays, a bandit weighs anew.
    """
    by_metric = {report.metric: report for report in reports}
    look = _Look(rollout, by_metric, running_s, growing, log_e_mismatch)
    found = _ended(look) or _worse(look) or _paused(look) or _running(look)
    return replace(found, reports=tuple(reports), running_s=running_s)


def advance(rollout: Rollout, decision: Decision) -> Rollout:
    """Give the state that a decision leads to; nothing moves a rollout that has ended.

    The plan that goes with it is `plan_of`, or `plan_after` when it ended. Revisions and the time of the end
    are for the one who puts it to add.
    """
    if rollout.ended:
        return rollout
    running_s, reports = decision.running_s, decision.reports
    seen = replace(rollout, running_s=running_s, reports=reports, reason=decision.reason)
    if decision.move == "next":
        entered = {report.metric: report.n_candidate for report in reports}
        return replace(seen, stage=rollout.stage + 1, stage_s=running_s, weighed_s=running_s, entered=entered)
    if decision.move == "reweigh":
        return replace(seen, weights=decision.weights, weighed_s=running_s)
    return replace(seen, status=_ENDS.get(decision.move, rollout.status))


def _ended(look: _Look) -> Decision | None:
    if not look.rollout.ended:
        return None
    return Decision(move="stay", reason=look.rollout.reason)


def _worse(look: _Look) -> Decision | None:
    for guard in look.policy.everything:
        report = look.reports.get(guard.metric)
        if report is not None and report.verdict == "worse":
            return Decision(move="roll_back", reason=reasons.worse(guard, report))
    return None


def _paused(look: _Look) -> Decision | None:
    if look.rollout.status != "paused":
        return None
    return Decision(move="stay", reason="paused: it goes back on evidence, and on only when resumed")


def _running(look: _Look) -> Decision:
    held = _mismatched(look) or _held(look)
    if held is None:
        return _passed(look)
    if look.running_s >= look.policy.most_s:
        return Decision(move="expire", reason=reasons.expired(look.policy.most_s, held.reason))
    return _weighed(look, held)


def _mismatched(look: _Look) -> Decision | None:
    if look.log_e_mismatch < MISMATCH:
        return None
    return Decision(move="stay", reason=reasons.mismatched(look.log_e_mismatch))


def _held(look: _Look) -> Decision | None:
    """Say what there is to wait for."""
    waits = [wait for guard in guards_of(look.rollout) if (wait := _wait(look, guard))]
    wanted_s = look.policy.bake_s if look.rollout.now.kind == "bake" else look.policy.step_s
    passed_s = look.running_s - look.rollout.stage_s
    if passed_s < wanted_s:
        waits.append((0, reasons.too_early(wanted_s - passed_s)))
    if not waits:
        return None
    numbers = [number for number, _ in waits]
    needed = None if None in numbers else max(number for number in numbers if number is not None)
    return Decision(move="stay", reason="; ".join(text for _, text in waits), needed=needed)


def _wait(look: _Look, guard: Guard) -> tuple[int | None, str] | None:
    """Give how many more units a guard waits for (None: nobody knows), and say so; None when it does not."""
    now = look.rollout.now
    report = look.reports.get(guard.metric, GuardReport(metric=guard.metric))
    wanted = look.policy.shadow_units if now.kind == "shadow" else look.policy.least_units
    missing = wanted - report.n_candidate + look.rollout.entered.get(guard.metric, 0)
    of_all = math.ceil(missing / now.share) if now.kind in {"split", "bandit"} else missing
    if report.verdict != "fine":
        needed = None if report.needed is None else max(report.needed, of_all, 0)
        asked = guard == look.policy.question
        return needed, reasons.unproven(guard, report, needed, asked=asked)
    if missing > 0:
        return of_all, reasons.too_few(guard, wanted - missing, wanted)
    if not look.growing.get(guard.metric, False):
        return None, reasons.stopped(guard, look.policy.fresh_s)
    return None


def _passed(look: _Look) -> Decision:
    rollout = look.rollout
    fine = reasons.fine(guards_of(rollout))
    if rollout.stage + 1 < len(rollout.stages):
        following = rollout.stages[rollout.stage + 1]
        return Decision(move="next", reason=reasons.goes_on(following, fine))
    if rollout.now.kind == "shadow":
        return Decision(move="finish", reason=fine)
    return Decision(move="promote", reason=fine)


def _weighed(look: _Look, held: Decision) -> Decision:
    """Weigh a bandit's arms anew, not more often than once in `step_s`, else stay."""
    rollout, question = look.rollout, look.policy.question
    due = look.running_s - rollout.weighed_s >= look.policy.step_s
    if rollout.now.kind != "bandit" or question is None or not due or look.log_e_mismatch >= MISMATCH:
        return held
    report = look.reports.get(question.metric)
    if report is None or not look.growing.get(question.metric, False):
        return held
    from hythe.rollout.bandit import weigh

    weights = weigh(question, report, look.policy.floor)
    if weights == (rollout.weights or (0.5, 0.5)):
        return held
    return replace(held, move="reweigh", weights=weights, reason=reasons.weighed(weights, held.reason))
