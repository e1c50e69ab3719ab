"""What guards know of many rollouts at once: as `evaluate` says it of one, and far faster."""

from __future__ import annotations

import math

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from hythe.rollout.evaluate import judge
from hythe.rollout.guard import Guard, GuardReport
from hythe.rollout.guard_data import GuardData
from hythe.rollout.stages import margin_at
from hythe.rollout.state import Basis, Rollout
from hythe.rollout.watched import ALONE, evidence
from hythe.statistics.evidence.contrast import estimates
from hythe.statistics.evidence.sums import Arms


def judged(
    rollout: Rollout, guard: Guard, data: GuardData, basis: Basis, units: NDArray[np.float64]
) -> list[GuardReport]:
    """Give a report for each rollout; `data` are arrays, and all stand where `rollout` does.

    `units` are the candidate's. The reports hold what the machine decides by: the verdicts, and for a
    bandit's question the means. Estimates and intervals, which people look at, are left out.
    """
    policy = rollout.policy
    log_worse, log_fine = (
        np.broadcast_to(log_e, len(units)) for log_e in _evidence(rollout, guard, data, basis)
    )
    verdicts = np.where((log_fine >= -math.log(policy.alpha)) & (units > 0), "fine", "waiting")
    verdicts = np.where(log_worse >= -math.log(policy.alpha_of(guard)), "worse", verdicts)
    found = [
        GuardReport(metric=guard.metric, verdict=verdict, n_candidate=int(n), log_e_worse=float(log_e))
        for verdict, n, log_e in zip(verdicts.tolist(), units, log_worse, strict=True)
    ]
    if rollout.now.kind == "bandit" and guard == policy.question:
        return [_estimated(guard, report, data, row) for row, report in enumerate(found)]
    return found


def _evidence(
    rollout: Rollout, guard: Guard, data: GuardData, basis: Basis
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if data.share == ALONE:
        return evidence(guard, data, basis)
    judge_of = judge(guard, data, basis)
    return judge_of.log_e_worse(), judge_of.log_e_fine(margin_at(rollout, guard))


def _estimated(guard: Guard, report: GuardReport, data: GuardData, row: int) -> GuardReport:
    """Add what a bandit weighs by: the means within each share of the traffic, and how far they are apart."""
    split = {share: Arms(arms.a.at(row), arms.b.at(row)) for share, arms in data.split.items()}
    means = estimates(split)
    if means is None:
        return report
    width = guard.unscaled(1.0) - guard.unscaled(0.0)
    worse = (means[1] - means[0]) * width * guard.kind.worse
    n = sum(int(arms.a.n) for arms in split.values())
    return replace(report, champion=guard.unscaled(means[0]), difference=worse, n_champion=n)
