"""What each guard of a rollout knows, by the rules of the stage that it is in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hythe.rollout.evaluate import evaluate
from hythe.rollout.guard import Guard, GuardReport
from hythe.rollout.guard_data import GuardData
from hythe.rollout.stages import margin_at
from hythe.rollout.state import Rollout
from hythe.rollout.watched import watch

_MEASURING = "the champion's durations are being measured first"


class Judging:
    """Judges the guards of one rollout anew where there is anything new: intervals take time to work out."""

    def __init__(self) -> None:
        self._judged: tuple[Any, ...] = ()
        self._reports: tuple[GuardReport, ...] = ()

    def reports(self, rollout: Rollout, data: Mapping[str, GuardData]) -> tuple[GuardReport, ...]:
        """Give what `reports` gives, as it was given for the same data."""
        now = (rollout.stage, rollout.weights, rollout.bases, dict(data))
        if now != self._judged:
            self._reports, self._judged = reports(rollout, data), now
        return self._reports


def reports(rollout: Rollout, data: Mapping[str, GuardData]) -> tuple[GuardReport, ...]:
    """Judge every guard that has a basis; the others wait.

    A candidate that has all traffic is held against the champion's time before: see `hythe.rollout.watched`.
    """
    return tuple(_report(rollout, guard, data) for guard in rollout.policy.everything)


def _report(rollout: Rollout, guard: Guard, data: Mapping[str, GuardData]) -> GuardReport:
    basis = rollout.bases.get(guard.metric)
    if basis is None or guard.metric not in data:
        measuring = rollout.now.kind != "shadow" and guard.kind.scale == "quantile"
        return GuardReport(metric=guard.metric, note=_MEASURING if measuring else "not compared yet")
    alphas = {"alpha_worse": rollout.policy.alpha_of(guard), "alpha_fine": rollout.policy.alpha}
    if rollout.now.kind == "bake" and guard.kind.source != "shadows":
        return watch(guard, data[guard.metric], basis=basis, **alphas)
    margin = margin_at(rollout, guard)
    return evaluate(guard, data[guard.metric], margin=margin, basis=basis, **alphas)
