"""What is asked of a load test: how much, how long, and what counts as good."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hythe.base.amounts import seconds
from hythe.base.errors import Invalid

_OBJECTIVE = re.compile(r"p([0-9]+(?:\.[0-9]+)?)\s*<=?\s*(.+)")
_WHOLE = 100.0

Arrivals = Literal["constant", "poisson"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """How much load, and for how long.

    `rate` is requests a second. `late_s` is how late a request may leave before the generator says so.
    """

    rate: float
    for_s: float = 10.0
    arrivals: Arrivals = "poisson"
    connections: int = 64
    timeout_s: float = 10.0
    late_s: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.rate > 0 or not self.for_s > 0 or not self.timeout_s > 0:
            raise Invalid(
                f"rate {self.rate:g}/s for {self.for_s:g} s with a timeout of {self.timeout_s:g} s; "
                "all are more than 0"
            )
        if self.connections < 1:
            raise Invalid(f"connections is {self.connections}; give 1 or more")

    def schedule(self) -> Iterator[float]:
        """Give the seconds after the start at which each request is due.

        >>> list(Pressure(rate=4, for_s=1, arrivals="constant").schedule())
        [0.0, 0.25, 0.5, 0.75]
        """
        moments = self._poisson() if self.arrivals == "poisson" else self._constant()
        return itertools.takewhile(lambda moment: moment < self.for_s, moments)

    def _constant(self) -> Iterator[float]:
        return (number / self.rate for number in itertools.count())

    def _poisson(self) -> Iterator[float]:
        """Let independent users arrive: the gaps are exponential."""
        draw = random.Random(self.seed)  # noqa: S311 - arrivals, not secrets
        return itertools.accumulate(draw.expovariate(self.rate) for _ in itertools.count())


@dataclass(frozen=True, slots=True)
class Objective:
    """A latency that a share of the requests may not exceed, with at most one failure in a thousand."""

    share: float
    limit_s: float
    failures: float = 0.001

    @classmethod
    def parse(cls, text: str) -> Objective:
        """Read `p99<20ms`.

        >>> Objective.parse("p99.9<20ms")
        Objective(share=0.999, limit_s=0.02, failures=0.001)

        Raises:
            Invalid: when it is written otherwise.

        """
        found = _OBJECTIVE.fullmatch(text.strip())
        if found is None or not 0 < float(found[1]) < _WHOLE:
            raise Invalid(f"the objective {text!r} is not understood; write it as p99<20ms")
        return cls(round(float(found[1]) / _WHOLE, 9), seconds(found[2]))

    def __str__(self) -> str:
        return f"p{self.share * _WHOLE:g}<{self.limit_s * 1e3:g}ms"
