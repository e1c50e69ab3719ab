"""What is asked of a load test: how much, how long, and what counts as good."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hythe.base.errors import Invalid

_UNITS_S = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9]*\.?[0-9]+)\s*(us|µs|ms|s|m|h)?")
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


def seconds(text: str) -> float:
    """Read a duration such as 30s, 500ms or 2m; a bare number is seconds.

    >>> seconds("500ms"), seconds("2m"), seconds("1.5")
    (0.5, 120.0, 1.5)

    Raises:
        Invalid: when it is none.

    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise Invalid(f"{text!r} is no duration; write 30s, 500ms or 2m")
    return float(found[1]) * _UNITS_S[found[2] or "s"]


def per_second(text: str) -> float:
    """Read a rate such as 2000, 2000/s or 600/m.

    >>> per_second("2000"), per_second("600/m")
    (2000.0, 10.0)

    Raises:
        Invalid: when it is none.

    """
    amount, _, unit = text.strip().partition("/")
    try:
        return float(amount) / _UNITS_S[unit or "s"]
    except (ValueError, KeyError) as err:
        raise Invalid(f"{text!r} is no rate; write 2000, 2000/s or 600/m") from err
