"""`hythe rollout simulate scoring churn:1.1.0 --error-rate 2%`: what a policy would do, before it has to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from hythe.base.errors import Invalid
from hythe.cli.common import COMMON, Bar, Common, emit, say
from hythe.cli.rollout_options import PolicyOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hythe.operations.rollouts.simulate import Simulation, Told
    from hythe.rollout.simulation.outcome import Ends, Outcome, Spread
    from hythe.rollout.simulation.truth import Version

_USUAL = PolicyOptions()
_LATER = re.compile(r"\+?\s*([0-9]*\.?[0-9]+)\s*(%|us|µs|ms|s)")
_ENDS = (("promoted", "promoted"), ("rolled_back", "went back"), ("expired", "not enough data"))
_Several = Annotated[list[str] | None, Parameter(negative=())]


def simulate_command(  # noqa: PLR0913 - one parameter for each option of the command
    endpoint: str,
    ref: str,
    *,
    error_rate: str | None = None,
    latency: str | None = None,
    metric: _Several = None,
    base: _Several = None,
    requests_per_s: str | None = None,
    p50: str | None = None,
    p99: str | None = None,
    labelled: str = "100%",
    since: str = "6h",
    runs: int = 200,
    seed: int = 0,
    options: PolicyOptions = _USUAL,
    common: Common = COMMON,
) -> None:
    """Play rollouts of a version that is so much worse: how soon it would go back, and at what cost.

    The same number is played with a version as good as the champion: how soon that is promoted. What is not
    said of the traffic and the champion is taken from the endpoint's windows. Nothing is changed.

    Parameters
    ----------
    endpoint
        The endpoint: scoring.
    ref
        The version: churn:1.1.0.
    error_rate
        The share of requests that the candidate fails (2% or 0.02).
    latency
        How much longer the candidate takes: +20%, or +5ms.
    metric
        The candidate's mean of another metric, accuracy=0.85; several times.
    base
        The champion's mean of a metric, in place of what was observed; several times.
    requests_per_s
        The endpoint's traffic (500, 600/m).
    p50
        The champion's median duration, in place of what was observed.
    p99
        The champion's 99th percentile of durations.
    labelled
        The share of predictions that feedback comes for.
    since
        How far back to look at the endpoint's windows.
    runs
        How many rollouts are played.
    seed
        Another number gives other rollouts.

    """
    from hythe.app.wire import opened
    from hythe.base.amounts import per_second, seconds
    from hythe.operations.rollouts.policy import share_of
    from hythe.operations.rollouts.simulate import Assumed, simulate

    candidate = _means(metric)
    if error_rate is not None:
        candidate["error_rate"] = share_of(error_rate)
    factor, later_s = _longer(latency)
    assumed = Assumed(
        champion=_means(base),
        candidate=candidate,
        slower=factor,
        later_s=later_s,
        requests_per_s=None if requests_per_s is None else per_second(requests_per_s),
        p50_s=None if p50 is None else seconds(p50),
        p99_s=None if p99 is None else seconds(p99),
        labelled=share_of(labelled),
        since_s=seconds(since),
    )
    policy = options.settled()
    with opened(common.config()) as here, Bar() as bar:
        found = simulate(
            here.registry, endpoint, ref, policy, assumed, runs=runs, seed=seed, tell=_progress(bar, runs)
        )
    emit(common, found, lambda: _tell(found))


def _progress(bar: Bar, runs: int) -> Told:
    from hythe.rollout.reasons import duration

    return lambda what, now_s, ended: bar.step(
        f"{what}: {ended:,} of {runs:,} rollouts ended within {duration(now_s)}"
    )


def _means(given: list[str] | None) -> dict[str, float]:
    from hythe.operations.rollouts.policy import share_of

    found = {}
    for text in given or ():
        name, equals, number = text.partition("=")
        if not equals:
            raise Invalid(f"{text!r} says no number; write METRIC=NUMBER, such as accuracy=0.85")
        found[name.strip()] = share_of(number)
    return found


def _longer(text: str | None) -> tuple[float, float]:
    """Read +20% or +5ms: the factor, and the seconds more."""
    if text is None:
        return 1.0, 0.0
    found = _LATER.fullmatch(text.strip())
    if found is None:
        raise Invalid(f"{text!r} is no longer latency; write +20% or +5ms")
    if found[2] == "%":
        return 1.0 + float(found[1]) / 100, 0.0
    from hythe.base.amounts import seconds

    return 1.0, seconds(found[1] + found[2])


def _tell(found: Simulation) -> None:
    policy, truth = found.policy, found.truth
    source = f"from {found.observed:,} observed requests" if found.observed else "as told"
    say(
        f"{found.endpoint}: {found.champion} -> {found.candidate} by {policy.strategy}, "
        f"alpha {policy.alpha:g}, {truth.requests_per_s:,.4g} requests a second ({source})",
        f"  champion   {_version(truth.champion, truth.bounds)}",
    )
    if found.such is not None:
        say(f"  candidate  {_version(truth.candidate, truth.bounds)}", "", "such a candidate")
        _tell_outcome(found.such)
    say("", "one as good as the champion")
    _tell_outcome(found.equal)


def _version(version: Version, bounds: tuple[float, ...]) -> str:
    means = [f"{name} {value:.4g}" for name, value in version.means.items() if value or name == "error_rate"]
    ends = [
        f"{name} {_quantile(version, bounds, q) * 1e3:.3g} ms" for name, q in (("p50", 0.5), ("p99", 0.99))
    ]
    return ", ".join([*means, *ends])


def _quantile(version: Version, bounds: tuple[float, ...], q: float) -> float:
    """Find the upper end of the bucket that holds a quantile."""
    total = 0.0
    for bound, chance in zip(bounds, version.durations, strict=False):
        total += chance
        if total >= q - 1e-9:
            return bound
    return bounds[-1]


def _tell_outcome(outcome: Outcome) -> None:
    from hythe.cli.draw import bar, spark
    from hythe.rollout.reasons import duration

    for name, title in _ENDS:
        ends: Ends = getattr(outcome, name)
        say(f"  {title:<15}  {ends.share:>6.1%}  {bar(ends.share, 20)}".rstrip())
        if ends.seconds and ends.requests and ends.failed:
            say(
                f"    after {duration(ends.seconds.median)}, 9 of 10 within {duration(ends.seconds.p90)}",
                f"    {_number(ends.requests)} requests went to it, {_number(ends.failed)} failed",
            )
        if ends.because and name != "promoted":
            say(f"    {'by' if name == 'rolled_back' else 'in'} {_counted(ends.because)}")
    most = max(outcome.traffic)
    say(
        f"  its traffic      {spark(outcome.traffic, 40)}  "
        f"over {duration(outcome.until_s)}, at most {most:.0%} on average"
    )


def _number(spread: Spread) -> str:
    """Show a median, and what nine of ten stay below."""
    return f"{spread.median:,.0f} (9 of 10 at most {spread.p90:,.0f})" if spread.most else "0"


def _counted(because: Mapping[str, int]) -> str:
    return ", ".join(f"{why} ({n:,})" for why, n in because.items())
