"""How often simulated rollouts are judged wrongly by the evidence that production uses."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from hythe.rollout.evaluate import bar, judge
from hythe.rollout.guard import Guard
from hythe.rollout.state import Basis
from validity.simulated import Look
from validity.thresholds import Rule

ALPHA = 0.05


def judged(
    looks: Iterable[Look], guard: Guard, basis: Basis, *, worse: bool, rules: dict[str, Rule]
) -> dict[str, float]:
    """Give the shares of the rollouts that each rule sent back (`worse`), or promoted.

    One of the two, because the rollouts are those in which it would be wrong. Ours looks at every block, at
    the evidence for "worse" or for "fine"; `rules` see the same blocks.
    """
    reached: Any = False
    for look, seen in enumerate(looks):
        found = judge(guard, seen.data, basis)
        evidence = found.log_e_worse() if worse else found.log_e_fine(guard.margin_or_default)
        reached = reached | (evidence >= bar(ALPHA))
        for rule in rules.values():
            rule.see(look, seen)
    others = {name: float(np.mean(rule.back if worse else rule.on)) for name, rule in rules.items()}
    return {"hythe": float(np.mean(reached))} | others


def over(evidence: Iterable[Any], alpha: float = ALPHA) -> float:
    """Give the share of the rollouts whose evidence reached 1/`alpha` at some look."""
    reached: Any = False
    for look in evidence:
        reached = reached | (look >= bar(alpha))
    return float(np.mean(reached))


def error(share: float, sims: int) -> float:
    """Give the standard error of a share of simulated rollouts."""
    return math.sqrt(share * (1.0 - share) / sims)
