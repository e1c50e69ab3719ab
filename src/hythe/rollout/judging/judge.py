"""What each kind of metric offers to who asks whether it got worse."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol


class Estimates(NamedTuple):
    """Plain estimates in the metric's own unit, and how much worse the candidate is with its interval.

    None stands for what there are no data for.
    """

    n_champion: int = 0
    n_candidate: int = 0
    champion: float | None = None
    candidate: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None


class Judge(Protocol):
    """One guard's data, judged; evidence comes as arrays where the data are arrays."""

    def log_e_worse(self) -> Any:
        """Give the logarithm of the e-value against "it is worse by the tolerance at most"."""

    def log_e_fine(self, margin: float) -> Any:
        """Give the logarithm of the e-value against "it is worse by `margin` at least"."""

    def estimates(self, alpha: float) -> Estimates:
        """Give the plain estimates, with the interval that covers at any time at level 1 - `alpha`."""

    def needed(self, margin: float, missing: float) -> int | None:
        """Expect how many more units it takes to gather `missing` evidence (a logarithm) for "fine".

        The candidate is taken to be as good as the champion; None where the data speak against that.
        """
