"""How often endpoints alarm although nothing drifts: Hythe, Evidently's preset, and the usual rules.

Every repeat draws a baseline and a window of its own. An alarm is any alarm of the endpoint, of all features
and checks together, where a period was promised alarms at that level. Rows that say `counts` draw the counts
that so many rows would give, and test them with the code that does so in production; `rows` go through
`hythe.monitor.examine` with every check that is installed. Then single p-values far out in the tail, 90 days
of hours and days against one baseline, and a stream with seasons and a memory. The rules of others see
columns of normal draws. The fast mode has fewer repeats.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from calm import endpoints, horizons, rows, rules, seasons, tail
from harness import Bench
from numpy.typing import NDArray

from hythe.monitor.period import Period
from hythe.monitor.policy import MonitorPolicy

LEVELS = (0.05, 0.01)
COUNTED = [
    (m, n, features) for n in (100, 1000, 100_000) for features in (1, 30, 1000) for m in (10_000,)
] + [(1000, 1000, 30), (1000, 100, 1000), (100, 100, 30), (100, 100_000, 30), (50_000, 1000, 30)]
RATES = (1.0, 20.0)
TAILS = [(10_000, 100), (1000, 1000), (100, 20_000), (10_000, 100_000)]
RULED = [(100, 1), (200, 1), (100, 30), (1000, 30)]
RULED_AGAINST = 10_000


class Study:
    """Runs all rows, and remembers what matters for the checks."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.rng = np.random.default_rng(2026)
        self.repeats = 30 if bench.fast else 1000
        self._over: list[float] = []

    def row(self, what: str, **values: object) -> None:
        """Record a row, and show it at once."""
        self.bench.row({"what": what, **values})
        print(
            "  " + ", ".join(f"{key} {value}" for key, value in {"what": what, **values}.items()), flush=True
        )

    def hythe(self, what: str, n: int, features: int, m: int, levels: Sequence[float]) -> None:
        """Record how often Hythe alarms at each level, and how far that is over what is allowed."""
        found = {level: endpoints.share(levels, level) for level in LEVELS}
        self._over += [share - endpoints.allowed(level, len(levels)) for level, share in found.items()]
        shown = {f"alarms at {level:g}": share for level, share in found.items()}
        self.row(what, rows=n, features=features, reference=m, repeats=len(levels), **shown)

    def counts(self) -> None:
        """Draw endpoints as counts."""
        for m, n, features in COUNTED:
            repeats = min(self.repeats, 4) if self.bench.fast and features > 30 else self.repeats
            levels = endpoints.least_levels_of_counts(self.rng, m, n, features, repeats)
            self.hythe("Hythe, counts", n, features, m, levels)

    def mixed_rows(self) -> None:
        """Draw rows of features of all kinds: ties, spikes, missing values, rare words."""
        for m, n, features in ((1000, 100, 1), (100, 100, 9), (1000, 100, 30), (2000, 1000, 30)):
            self._rows("Hythe, rows of all kinds", m, n, features, rows.mixed)

    def alike_rows(self) -> None:
        """Draw features that have most of their variance in common."""
        for share in (0.5, 0.95, 1.0):
            draw = partial(rows.alike, share=share)
            self._rows(f"Hythe, rows of features {share:.0%} alike", 1000, 300, 30, draw)

    def _rows(self, what: str, m: int, n: int, features: int, draw: Callable[..., Period]) -> None:
        repeats = 6 if self.bench.fast else 200
        levels = endpoints.least_levels_of_rows(partial(draw, self.rng, m, n, features), repeats)
        self.hythe(what, n, features, m, levels)

    def far_out(self) -> None:
        """Look at single p-values as small as an hour of many features asks for."""
        worst = 0.0
        for m, n in TAILS[:1] if self.bench.fast else TAILS:
            for direction in tail.DIRECTIONS:
                for x in (1e-6, 1e-9):
                    found = tail.ratio(self.rng, m, n, direction, x, 500 if self.bench.fast else 5000)
                    self.row(
                        f"P(p ≤ x) / x, direction of the {direction}", x=x, rows=n, reference=m,
                        ratio=found.ratio, error=found.error,
                    )  # fmt: skip
                    worst = max(worst, found.ratio - 3.0 * found.error)
        self.bench.check("P(p ≤ x) / x far out in the tail, worst row", worst, "", "≤ 1", worst <= 1.0)

    def check_levels(self) -> None:
        """Check the worst row of all."""
        worst = max(self._over)
        self.bench.check(
            "alarms over the stated level and three standard errors, worst row",
            max(worst, 0.0), "of the periods", "≤ 0", worst <= 0.0,
        )  # fmt: skip

    def ninety_days(self) -> None:
        """Hold 90 days against one baseline, again and again, at two stated rates."""
        policies = [MonitorPolicy(false_alarms=rate) for rate in RATES]
        stream = horizons.Stream(5000, 200, 5)
        repeats, days = (3, 9) if self.bench.fast else (60, 90)
        found = np.array([horizons.alarms(self.rng, stream, policies, days) for _ in range(repeats)])
        for rate, alarms in zip(RATES, found.T, strict=True):
            self._horizon("Hythe, counts, 90 days", rate * days / 90, alarms, features=5)

    def seasonal(self) -> None:
        """Learn what is normal on a seasonal, autocorrelated stream, and watch what follows."""
        policies = [MonitorPolicy(learning_days=28.0, false_alarms=rate) for rate in RATES]
        repeats, days = (2, 7) if self.bench.fast else (30, 62)
        found = np.array([seasons.alarms(self.rng, policies, days) for _ in range(repeats)])
        for rate, alarms in zip(RATES, found.T, strict=False):
            self._horizon("Hythe, seasons and memory, 28 days learned", rate * days / 90, alarms, features=3)
        self.row(
            "the same, taken for independent rows", features=3, repeats=repeats, alarms=found[:, -1].mean()
        )

    def _horizon(self, what: str, stated: float, alarms: NDArray[np.int64], features: int) -> None:
        mean, error = float(alarms.mean()), float(alarms.std(ddof=1) / np.sqrt(len(alarms)))
        self.row(what, features=features, repeats=len(alarms), stated=stated, alarms=mean)
        bound = stated + 3.0 * max(error, np.sqrt(stated / len(alarms)))
        self.bench.check(
            f"{what}, {stated:.3g} stated: mean number of alarms",
            mean,
            "alarms",
            f"≤ {stated:.3g}",
            mean <= bound,
        )

    def others(self) -> None:
        """Let the usual rules judge clean columns."""
        repeats = 5 if self.bench.fast else 50
        for n, features in RULED[:1] if self.bench.fast else RULED:
            before, now = (self.rng.normal(size=(repeats, size, features)) for size in (RULED_AGAINST, n))
            for name, alarms in rules.alarms(before, now, fetch=not self.bench.fast).items():
                self.row(
                    name, rows=n, features=features, reference=RULED_AGAINST, repeats=repeats,
                    alarms=float(np.mean(alarms)),
                )  # fmt: skip


def main(arguments: list[str]) -> None:
    """Run every part and check the issue's goals."""
    with Bench("drift_false_alarms", arguments) as bench:
        study = Study(bench)
        study.counts()
        study.mixed_rows()
        study.alike_rows()
        study.check_levels()
        study.far_out()
        study.ninety_days()
        study.seasonal()
        study.others()


if __name__ == "__main__":
    main(sys.argv[1:])
