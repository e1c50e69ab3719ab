"""The stages of each strategy, and the plan that an endpoint follows in each of them."""

from __future__ import annotations

from msgspec.structs import replace

from hythe.rollout.guard import Guard
from hythe.rollout.plan import Arm, Plan, Shadow
from hythe.rollout.policy import Policy
from hythe.rollout.state import Rollout, Stage, Status

_WIDEST = {"binary": 0.5, "bounded": 0.5, "quantile": 1.0}
"""The most that a margin is widened to, however little traffic comes next: half of all, or twice as slow."""


def stages(policy: Policy) -> tuple[Stage, ...]:
    """Give the stages that a rollout by this policy passes.

    >>> [f"{stage.kind} {stage.share:g}" for stage in stages(Policy(steps=(0.1, 0.5)))]
    ['shadow 0.1', 'split 0.1', 'split 0.5']
    >>> [stage.kind for stage in stages(Policy(strategy="blue-green"))]
    ['shadow', 'bake']
    """
    shadow = Stage("shadow", policy.shadow_share)
    splits = tuple(Stage("split", step) for step in policy.steps)
    return {
        "shadow-canary": (shadow, *splits),
        "canary": splits,
        "blue-green": (shadow, Stage("bake", 1.0)),
        "shadow": (shadow,),
        "ab": splits[-1:],
        "bandit": (Stage("bandit", 0.5),),
    }[policy.strategy]


def margin_at(rollout: Rollout, guard: Guard) -> float:
    """Give the margin that a guard has to exclude for the rollout to leave its present stage.

    It is the guard's own, divided by the candidate's share in the next stage: a metric that is worse by m in
    that share of the traffic is worse by m · share over all of it. What comes after the last stage is all
    traffic, and so the margin itself. Shadows are only compared before the first split, so theirs is never
    widened. For the question of an experiment it is 0: the candidate has to be better. In the guard's terms:
    absolute, or relative for latencies.
    """
    if guard == rollout.policy.question:
        return 0.0
    margin = guard.margin_or_default
    following = rollout.stages[rollout.stage + 1 :]
    if guard.kind.source == "shadows" or not following:
        return margin
    return max(margin, min(margin / following[0].share, _WIDEST[guard.kind.scale]))


def plan_of(rollout: Rollout) -> Plan:
    """Give the plan of the present stage: the endpoint's own one, with the candidate beside the champion.

    Sticky key, cache, limits, model and approval stay, and so do versions that had no traffic. While the
    candidate takes traffic, the champion is the first fallback: a request that the candidate fails is
    answered all the same, and counted against the candidate (as rescued). Where a guard is on feedback, all
    predictions are kept for it.
    """
    changed = _copied(rollout) if rollout.now.kind == "shadow" else _split(rollout)
    learns = any(guard.kind.source == "feedback" for guard in rollout.policy.everything)
    return replace(changed, join_share=1.0 if learns else changed.join_share, rollout=rollout.id)


def plan_after(rollout: Rollout, status: Status) -> Plan:
    """Give the plan that a rollout leaves when it ends with this status.

    Promoted, the candidate has the champion's place in the plan that stood before, whose fallbacks stay.
    Ended in any other way, it is exactly the plan that stood before.
    """
    if status != "promoted":
        return rollout.before
    winner = Arm(rollout.candidate.version, rollout.candidate.digest)
    changed = _without(rollout.before, winner.version)
    return replace(changed, arms=(winner, *_idle(rollout)), rollout=rollout.id)


def _copied(rollout: Rollout) -> Plan:
    """Give the plan that changes nothing for callers, and copies some of their requests."""
    before, candidate = rollout.before, rollout.candidate
    copies = Shadow(candidate.version, candidate.digest, rollout.now.share, rollout.policy.shadow_margin)
    return replace(before, shadows=(*_without(before, candidate.version).shadows, copies))


def _split(rollout: Rollout) -> Plan:
    """Give the plan by which both versions answer."""
    champion = rollout.champion.version
    kept = _without(rollout.before, rollout.candidate.version)
    rest = (version for version in kept.fallback if version != champion)
    return replace(kept, arms=(*_pair(rollout), *_idle(rollout)), fallback=(champion, *rest))


def _without(plan: Plan, version: str) -> Plan:
    """Take a version out of a plan's shadows and fallbacks: it answers only what it is given as an arm."""
    return replace(
        plan,
        shadows=tuple(shadow for shadow in plan.shadows if shadow.version != version),
        fallback=tuple(number for number in plan.fallback if number != version),
    )


def _pair(rollout: Rollout) -> tuple[Arm, Arm]:
    """Give the two arms; the champion's first, since clients are shown the schema of the first."""
    champion, candidate = rollout.weights or (round(1.0 - rollout.now.share, 12), rollout.now.share)
    return (
        Arm(rollout.champion.version, rollout.champion.digest, champion),
        Arm(rollout.candidate.version, rollout.candidate.digest, candidate),
    )


def _idle(rollout: Rollout) -> tuple[Arm, ...]:
    """Give the arms beside the two: they have no traffic, only stay loaded."""
    both = {rollout.champion.version, rollout.candidate.version}
    return tuple(arm for arm in rollout.before.arms if arm.version not in both)
