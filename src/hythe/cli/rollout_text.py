"""Rollouts in words and figures for people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hythe.cli.common import say, table
from hythe.rollout.figures import between, difference, level
from hythe.rollout.reasons import duration

if TYPE_CHECKING:
    from hythe.rollout.guard import Guard, GuardReport
    from hythe.rollout.plan import Plan
    from hythe.rollout.policy import Policy
    from hythe.rollout.state import Rollout, Stage

GUARD_HEADINGS = [
    "guard", "champion", "candidate", "worse by", "between", "of", "evidence worse", "evidence fine",
    "verdict",
]  # fmt: skip
_HUGE = 1e6


def line(rollout: Rollout) -> str:
    """Say in one line where a rollout stands."""
    from hythe.operations.rollouts.stored import stage_text

    where = "" if rollout.ended else f", {stage_text(rollout)}"
    status = rollout.status.replace("_", " ")
    versions = f"{rollout.champion.version} -> {rollout.candidate.version}"
    return f"{rollout.endpoint}: {versions} {status}{where}: {rollout.reason}"


def ladder(rollout: Rollout) -> str:
    """Show the stages, the present one in brackets.

    With a rollout in its second stage: `shadow 10% > [split 5%] > split 25% > split 50% > all`.
    """
    steps = [_stage(stage) for stage in rollout.stages]
    if not rollout.ended:
        steps[rollout.stage] = f"[{steps[rollout.stage]}]"
    if rollout.stages[-1].kind in {"split", "bandit"}:
        steps.append("[all]" if rollout.status == "promoted" else "all")
    return " > ".join(steps)


def served(plan: Plan) -> str:
    """Name the versions of a plan with their shares.

    `1.0.0` where it is one, else `1.0.0 (95%), 1.1.0 (5%)`.
    """
    arms = [arm for arm in plan.arms if arm.weight]
    if len(arms) == 1:
        return arms[0].version
    total = sum(arm.weight for arm in arms)
    return ", ".join(f"{arm.version} ({100 * arm.weight / total:.3g}%)" for arm in arms)


def tell_policy(rollout: Rollout) -> None:
    """Print what a rollout is going to do, and when it would go back or on."""
    policy = rollout.policy
    say(
        f"endpoint {rollout.endpoint}: {rollout.champion.version} -> {rollout.candidate.version}, "
        f"{policy.strategy}, alpha {policy.alpha:g}",
        f"stages: {ladder(rollout)}",
        f"each lasts {_least(rollout)} or more; after {duration(policy.most_s)} in all without a verdict it "
        "goes back",
        "",
    )
    table(
        ["guard", "goes back when worse by more than", "goes on when worse by less than", "share of alpha"],
        [
            [
                guard.metric,
                _margin(guard, guard.tolerance_or_default),
                _margin(guard, guard.margin_or_default),
                f"{policy.alpha_of(guard) / policy.alpha:.3g}",
            ]
            for guard in policy.everything
        ],
    )


def guard_rows(rollout: Rollout) -> list[list[str]]:
    """Write the newest report of each guard, in the order of `GUARD_HEADINGS`."""
    reports = {report.metric: report for report in rollout.reports}
    return [
        _row(rollout.policy, guard, reports[guard.metric])
        if guard.metric in reports
        else [guard.metric, *["-"] * (len(GUARD_HEADINGS) - 2), "no data yet"]
        for guard in rollout.policy.everything
    ]


def _margin(guard: Guard, value: float) -> str:
    return f"{100 * value:.3g}%{' of its range' if guard.range is not None else ''}"


def _row(policy: Policy, guard: Guard, report: GuardReport) -> list[str]:
    return [
        guard.metric,
        level(guard, report.champion),
        level(guard, report.candidate),
        difference(guard, report.difference),
        between(guard, report),
        f"{report.n_champion:,} + {report.n_candidate:,}",
        _evidence(report.log_e_worse, policy.alpha_of(guard)),
        _evidence(report.log_e_fine, policy.alpha),
        _verdict(report),
    ]


def _evidence(log_e: float, alpha: float) -> str:
    """Write an e-value and how much of it is needed: `12 of 60`."""
    e = math.exp(min(log_e, math.log(_HUGE)))
    return f"{'> ' if log_e > math.log(_HUGE) else ''}{e:.3g} of {1 / alpha:.3g}"


def _verdict(report: GuardReport) -> str:
    if report.verdict == "waiting" and report.needed:
        return f"waiting, about {report.needed:,} more needed"
    said = "" if report.verdict == "worse" else report.note
    return f"{report.verdict}: {said}" if said else report.verdict


def _least(rollout: Rollout) -> str:
    baked = rollout.stages[-1].kind == "bake"
    return duration(rollout.policy.bake_s if baked else rollout.policy.step_s)


def _stage(stage: Stage) -> str:
    return "all, watched" if stage.kind == "bake" else f"{stage.kind} {100 * stage.share:g}%"
