"""How soon changes of real data are found, at one stated rate of false alarms: Hythe, Evidently, River.

Baselines of 2,000 rows and windows of 200 are drawn from data sets that come with packages. Hythe is told the
rate: a share of windows that may alarm although nothing changed. The others' thresholds are set by simulation
to alarm on that share of calm windows. Then each kind of change is made to ten windows in a row: which share
of the first windows alarms, and after how many windows the first alarm comes (11 where none of ten does).
"""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from typing import TypeAlias

import numpy as np
from harness import Bench
from numpy.typing import NDArray
from peers.environment import NotInstalled
from sharp.changes import CHANGES
from sharp.contenders import Alarms, Contender, contenders
from sharp.data import Population, populations
from sharp.sequence import WINDOWS, sequences

LEVEL, FAST_LEVEL = 0.01, 0.05
CALM, FAST_CALM = 60, 3
STORIES, FAST_STORIES = 20, 2
NOTHING = "nothing"
Delays: TypeAlias = NDArray[np.float64]


class Study:
    """Runs all data sets, and remembers the alarms of everyone by change."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.rng = np.random.default_rng(5)
        self.level = FAST_LEVEL if bench.fast else LEVEL
        self.calm = FAST_CALM if bench.fast else CALM
        self.stories = FAST_STORIES if bench.fast else STORIES
        self.found: dict[str, dict[str, list[Alarms]]] = defaultdict(lambda: defaultdict(list))

    def look(self, population: Population) -> None:
        """Calibrate everyone on one data set, and make every change to it."""
        everyone = self._calibrated(population)
        for change in [None, *CHANGES]:
            stories = sequences(population, change, self.stories, self.rng)
            for contender in everyone:
                alarms = contender.alarms(stories)
                self.found[NOTHING if change is None else change.name][contender.name].append(alarms)
                self._row(population, NOTHING if change is None else change.name, contender, alarms)

    def _calibrated(self, population: Population) -> list[Contender]:
        calm = sequences(population, None, self.calm, self.rng)
        ready = []
        for contender in contenders(fast=self.bench.fast):
            try:
                contender.calibrate(calm, self.level)
                ready.append(contender)
            except (NotInstalled, subprocess.CalledProcessError) as err:
                print(f"  {contender.name} is left out: {err}", flush=True)
        return ready

    def _row(self, population: Population, change: str, contender: Contender, alarms: Alarms) -> None:
        row = {
            "change": change, "data": population.name, "who": contender.name,
            "windows that alarm": float(alarms.mean()), "first windows": float(alarms[:, 0].mean()),
            "median delay": float(np.median(delays(alarms))),
        }  # fmt: skip
        self.bench.row(row)
        print("  " + ", ".join(f"{key} {value}" for key, value in row.items()), flush=True)

    def check(self) -> None:
        """Check the stated rate, and for each change that nobody finds it sooner at the same rate."""
        calm = np.concatenate(self.found[NOTHING]["Hythe"])
        error = np.sqrt(self.level / calm.size)
        self.bench.check(
            "calm windows that alarm, Hythe", float(calm.mean()), "of the windows", f"≤ {self.level}",
            calm.mean() <= self.level + 3.0 * error,
        )  # fmt: skip
        for change in CHANGES:
            found = {name: delays(np.concatenate(each)) for name, each in self.found[change.name].items()}
            stated, ours = found.pop("Hythe"), found.pop("Hythe, set as the others")
            best = min(found, key=lambda name: float(found[name].mean()))
            self._no_later(f"{change.name}, rates set alike", ours, best, found[best])
            self._no_later(f"{change.name}, rate as stated", stated, best, found[best])

    def _no_later(self, what: str, ours: Delays, best: str, theirs: Delays) -> None:
        error = np.sqrt(ours.var() / len(ours) + theirs.var() / len(theirs))
        self.bench.check(
            f"{what}: windows until the alarm", float(ours.mean()), "windows",
            f"≤ {theirs.mean():.3g} ({best})", ours.mean() <= theirs.mean() + 2.0 * error,
        )  # fmt: skip


def delays(alarms: Alarms) -> Delays:
    """Count windows until the first alarm of each story; one more than there are where there is none."""
    return np.where(alarms.any(axis=1), alarms.argmax(axis=1) + 1.0, WINDOWS + 1.0)


def main(arguments: list[str]) -> None:
    """Look at every data set; the fast mode takes one."""
    with Bench("drift_power", arguments) as bench:
        study = Study(bench)
        for population in populations()[: 1 if bench.fast else None]:
            study.look(population)
        study.check()


if __name__ == "__main__":
    main(sys.argv[1:])
