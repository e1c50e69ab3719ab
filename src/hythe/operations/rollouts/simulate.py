"""What a policy would do with a candidate that is so much worse, before anybody begins a rollout."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from hythe.base.clock import Clock, SystemClock
from hythe.base.errors import Invalid
from hythe.monitor.windows.timing import BOUNDS
from hythe.monitor.windows.window import Window
from hythe.operations.endpoints.checks import schema_of, version_of
from hythe.operations.fields import refuse_unknown
from hythe.operations.rollouts.counted import Counts, Seen, counts_of
from hythe.operations.rollouts.metrics import check_guards
from hythe.operations.rollouts.stored import plan_in
from hythe.operations.rollouts.values import durations_of, requests_of, values_of
from hythe.operations.windows import windows
from hythe.registry.registry import Registry
from hythe.rollout.guard import Guard
from hythe.rollout.plan import Plan
from hythe.rollout.policy import Policy
from hythe.rollout.simulation.outcome import Outcome
from hythe.rollout.simulation.play import Play
from hythe.rollout.simulation.truth import Truth, Version, log_normal, slower
from hythe.rollout.stages import stages
from hythe.rollout.state import Rollout, Side

_P50_S, _P99_S = 0.005, 0.025
_ENOUGH = 100
_KNOWN = ("error_rate", "refusal_rate", "prediction")
"""What windows tell of the champion."""


class Assumed(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken to be true in place of what was observed, or beside it.

    `champion` and `candidate` are true means by metric; what is not said of the candidate is as the
    champion's. The candidate takes `slower` times as long, and `later_s` more. Without `requests_per_s`, and
    without `p50_s` and `p99_s`, the windows of the last `since_s` tell. `labelled` is the share of the
    predictions that feedback comes for.
    """

    champion: Mapping[str, float] = {}
    candidate: Mapping[str, float] = {}
    slower: float = 1.0
    later_s: float = 0.0
    requests_per_s: float | None = None
    p50_s: float | None = None
    p99_s: float | None = None
    labelled: float = 1.0
    since_s: float = 6 * 3600.0

    @property
    def differs(self) -> bool:
        """Whether anything is said of the candidate."""
        return bool(self.candidate) or (self.slower, self.later_s) != (1.0, 0.0)


def assumed_of(document: Mapping[str, Any]) -> Assumed:
    """Make it of its fields; raises Invalid for a field that is not known, and a value that does not fit.

    >>> assumed_of({"candidate": {"error_rate": 0.02}, "slower": 1.2}).differs
    True
    """
    refuse_unknown(document, Assumed, "what is assumed has")
    try:
        return msgspec.convert(document, Assumed)
    except msgspec.ValidationError as err:
        raise Invalid(f"what is assumed does not fit: {err}; see docs/rollouts.md") from err


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the simulated rollouts: of such a candidate, and of one as good as the champion.

    `observed` is how many requests of the champion the figures were taken from, 0 where they were all given.
    """

    endpoint: str
    champion: str
    candidate: str
    policy: Policy
    truth: Truth
    observed: int
    such: Outcome | None
    equal: Outcome


Told = Callable[[str, float, int], None]
"""Is told which rollouts are played, the simulated seconds, and how many of them have ended."""


def simulate(  # noqa: PLR0913 - the words of one long sentence, each by its name
    registry: Registry,
    endpoint: str,
    ref: str,
    policy: Policy,
    assumed: Assumed,
    *,
    runs: int = 200,
    seed: int = 0,
    tell: Told = lambda *_: None,
    clock: Clock | None = None,
) -> Simulation:
    """Play `runs` rollouts of a version on an endpoint by a policy; nothing is changed.

    The same seed gives the same figures. Requests are the units, whatever sticky key the endpoint has.

    Raises:
        Invalid: when the policy does not fit the model, or a figure is missing that was not observed.
        NotFound: when there is no such endpoint or version.

    """
    if runs < 1:
        raise Invalid(f"{runs} rollouts are to be played; give 1 or more")
    begun = _begun(registry, endpoint, ref, policy)
    seen, seconds = _seen(registry, begun, assumed.since_s, clock or SystemClock())
    truth = _truth(begun, assumed, seen, seconds)
    equal = replace(truth, candidate=truth.champion)

    def play(what: str, true: Truth) -> Outcome:
        told = Play(begun, true, runs, seed).run(lambda now_s, ended: tell(what, now_s, ended))
        return Outcome.of(told)

    return Simulation(
        endpoint=endpoint,
        champion=begun.champion.version,
        candidate=begun.candidate.version,
        policy=policy,
        truth=truth,
        observed=requests_of(seen),
        such=play("such a candidate", truth) if assumed.differs else None,
        equal=play("one as good as the champion", equal),
    )


def _begun(registry: Registry, endpoint: str, ref: str, policy: Policy) -> Rollout:
    """Give the rollout as it would begin if the endpoint's main version had all of the traffic."""
    plan = plan_in(registry.catalog.plan(endpoint))
    main = max(plan.arms, key=lambda arm: arm.weight)
    champion = version_of(registry.catalog, plan.model or endpoint, main.version)
    candidate = registry.resolve(ref)
    check_guards(policy, schema_of(registry, champion), schema_of(registry, candidate))
    return Rollout(
        id="simulated",
        endpoint=endpoint,
        champion=Side(champion.version, champion.digest),
        candidate=Side(candidate.version, candidate.digest),
        policy=policy,
        before=Plan.of(champion.version, champion.digest),
        stages=stages(policy),
    )


def _seen(registry: Registry, begun: Rollout, since_s: float, clock: Clock) -> tuple[Counts, float]:
    """Add up what the champion did lately; give over how many seconds as well."""
    until = math.ceil(clock.now().timestamp())
    found, first = Counts(), until
    observations = registry.catalog.observations
    since = until - math.ceil(since_s)
    for window in windows(observations, begun.endpoint, begun.champion.version, since=since, until=until):
        if window.share is None or window.share > 0.0:
            found.update(_counts(window))
            first = min(first, window.start)
    return found, float(max(until - first, 1))


def _counts(window: Window) -> Counts:
    return counts_of(
        Seen(
            window.version,
            requests=window.requests,
            rescued=window.rescued,
            request_s=window.request_s,
            statistics=window.statistics,
        )
    )


def _truth(begun: Rollout, assumed: Assumed, seen: Counts, seconds: float) -> Truth:
    rate = assumed.requests_per_s
    if rate is None:
        if not requests_of(seen):
            raise Invalid(
                f"nothing was observed of {begun.endpoint} {begun.champion.version} lately; say how many "
                "requests there are with --requests-per-s, or look further back with --since"
            )
        rate = requests_of(seen) / seconds
    means = _means(begun.policy, assumed, seen)
    durations = _durations(assumed, seen)
    later = slower(durations, BOUNDS, assumed.slower, assumed.later_s) if assumed.differs else durations
    changed = {**means, **assumed.candidate}
    if "shadow_errors" in means:
        # What fails a caller's request fails its copy.
        changed["shadow_errors"] = assumed.candidate.get("shadow_errors", changed["error_rate"])
    return Truth(
        requests_per_s=rate,
        champion=Version(means=means, durations=durations),
        candidate=Version(means=changed, durations=later),
        bounds=tuple(BOUNDS.tolist()),
        labelled=assumed.labelled,
    )


def _means(policy: Policy, assumed: Assumed, seen: Counts) -> dict[str, float]:
    """Give the champion's means: as told, else as observed; failures and differences may be none at all."""
    found = {"error_rate": 0.0}
    for guard in policy.everything:
        if guard.kind.scale != "quantile":
            found[guard.metric] = assumed.champion.get(guard.metric, _observed(guard, seen))
    return {**found, **assumed.champion}


def _observed(guard: Guard, seen: Counts) -> float:
    known = values_of(guard.metric, seen) if guard.metric in _KNOWN else None
    if known is not None and float(known.n) >= _ENOUGH:
        return float(known.total) / float(known.n)
    if guard.kind.source == "shadows" or guard.metric in {"error_rate", "refusal_rate"}:
        return 0.0
    raise Invalid(
        f"nothing is known of the champion's {guard.metric}; say it with --base {guard.metric}=NUMBER"
    )


def _durations(assumed: Assumed, seen: Counts) -> tuple[float, ...]:
    timed = durations_of(seen).buckets
    total = sum(float(count) for count in timed.values())
    if assumed.p50_s is None and assumed.p99_s is None and total >= _ENOUGH:
        return tuple(float(timed.get(place, 0)) / total for place in range(len(BOUNDS) + 1))
    p50_s = assumed.p50_s or (assumed.p99_s or _P99_S) * _P50_S / _P99_S
    return log_normal(p50_s, assumed.p99_s or p50_s * _P99_S / _P50_S, np.asarray(BOUNDS))
