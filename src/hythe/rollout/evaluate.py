"""What one guard knows: its verdict, its estimates, and how much more data it takes."""

from __future__ import annotations

import math

from hythe.rollout.guard import Guard, GuardReport, Verdict
from hythe.rollout.guard_data import GuardData
from hythe.rollout.judging.compared import Compared
from hythe.rollout.judging.copied import Copied
from hythe.rollout.judging.judge import Estimates, Judge
from hythe.rollout.judging.timed import Timed
from hythe.rollout.state import Basis
from hythe.statistics.evidence.sample_ratio import log_e_sample_ratio
from hythe.statistics.evidence.sums import Split


def judge(guard: Guard, data: GuardData, basis: Basis) -> Judge:
    """Give what judges the guard's kind of metric; `data` may be arrays, one for each simulated rollout."""
    if guard.kind.source == "shadows":
        return Copied(guard, data, basis)
    if guard.kind.scale == "quantile":
        return Timed(guard, data, basis)
    return Compared(guard, data, basis)


def evaluate(
    guard: Guard,
    data: GuardData,
    *,
    alpha_worse: float,
    alpha_fine: float,
    margin: float | None = None,
    basis: Basis,
) -> GuardReport:
    """Say what a guard knows at this look; one may look as often as one likes.

    It is worse when the evidence that the difference is beyond the tolerance reaches 1/`alpha_worse`, and
    else fine when the evidence that it is inside the margin reaches 1/`alpha_fine`. Wrongly, either happens
    with that probability at most, over all looks together. `margin` takes the place of the guard's own: a
    wider one while little traffic is at risk; 0 or less asks whether the candidate is better. The interval
    covers at level 1 - `alpha_fine`. Without data of every side it waits.

    >>> from hythe.statistics.evidence.sums import Arms, Sums
    >>> seen = GuardData(split={0.5: Arms(Sums.hits(4000, 40), Sums.hits(4000, 200))}, share=0.5)
    >>> basis = Basis(mean=0.01)
    >>> evaluate(Guard("error_rate"), seen, alpha_worse=0.05, alpha_fine=0.05, basis=basis).verdict
    'worse'
    """
    margin = guard.margin_or_default if margin is None else margin
    judged = judge(guard, data, basis)
    found = judged.estimates(alpha_fine)
    worse, fine = float(judged.log_e_worse()), float(judged.log_e_fine(margin))
    missing = bar(alpha_fine) - fine
    drifted = _drifted(guard, found, margin)
    verdict = _verdict(found, worse >= bar(alpha_worse), missing <= 0.0 and not drifted)
    needed = 0 if verdict != "waiting" else None if drifted else judged.needed(margin, missing)
    return GuardReport(
        metric=guard.metric,
        verdict=verdict,
        log_e_worse=worse,
        log_e_fine=fine,
        needed=needed,
        note=_note(guard, found, verdict, needed, margin),
        **found._asdict(),
    )


def bar(alpha: float) -> float:
    """Give what the logarithm of an e-value has to reach; a guard without a part of alpha never does.

    >>> round(bar(0.05), 3), bar(0.0)
    (2.996, inf)
    """
    return -math.log(alpha) if alpha > 0.0 else math.inf


def split_mismatch(split: Split) -> float:
    """Give the logarithm of the e-value against "the traffic is split as the plan says".

    The shares' units are different ones, so their e-values multiply. From log(1000) on, no comparison of the
    arms can be believed.

    >>> from hythe.statistics.evidence.sums import Arms, Sums
    >>> split_mismatch({0.5: Arms(Sums.hits(5600, 0), Sums.hits(4400, 0))}) > math.log(1000)
    True
    """
    return math.fsum(
        log_e_sample_ratio([int(a.n), int(b.n)], [1.0 - share, share]) for share, (a, b) in split.items()
    )


def _verdict(found: Estimates, worse: bool, fine: bool) -> Verdict:
    if found.difference is None:
        return "waiting"
    return "worse" if worse else "fine" if fine else "waiting"


def _drifted(guard: Guard, found: Estimates, margin: float) -> bool:
    """Tell that a quantile is beyond the margin now, whatever is known of the bound that stood for it.

    All durations may have grown since the bound was fixed, so that it stands for another quantile by now.
    """
    return guard.kind.scale == "quantile" and found.difference is not None and found.difference > margin


def _note(guard: Guard, found: Estimates, verdict: Verdict, needed: int | None, margin: float) -> str:
    """Say in a sentence where the guard stands."""
    if found.difference is None:
        return f"no data of the {'champion' if found.n_candidate else 'candidate'} yet"
    if verdict == "worse":
        return f"worse than tolerated ({guard.tolerance_or_default:g})"
    if verdict == "fine":
        return f"not worse by {margin:g}"
    if needed is None:
        return f"not known to be worse, nor to be within {margin:g}"
    return f"about {needed} more needed"
