"""Who has to find the changes: each says which windows of a story alarm, at a rate that is set."""

from __future__ import annotations

import json
import subprocess
import tempfile
from bisect import bisect_left
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from peers.environment import HERE, install, installed, program

from hythe.bundle.baseline import compute
from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.bundle.outcome import Outcome
from hythe.monitor.drift.river_detector import detections
from hythe.monitor.examine import examine
from hythe.monitor.period import Period
from hythe.monitor.policy import MonitorPolicy
from sharp.sequence import WINDOW_ROWS, WINDOWS, Sequence
from sharp.windows import window

Alarms = NDArray[np.bool_]
"""[stories, windows]."""
_PATIENCE_S = 3600


class Contender(Protocol):
    """One of those compared."""

    name: str

    def calibrate(self, calm: list[Sequence], level: float, /) -> None:
        """Set the threshold so that a share of `level` of the windows of calm stories alarm, at most."""
        ...

    def alarms(self, stories: list[Sequence]) -> Alarms:
        """Say which windows alarm."""
        ...


class Hythe:
    """Every installed check of Hythe, at the stated rate; nothing is set by simulation."""

    name = "Hythe"

    def __init__(self) -> None:
        self._level = 0.0
        self._known: tuple[list[Sequence], NDArray[np.float64]] = ([], np.empty(0))

    def calibrate(self, _calm: list[Sequence], level: float) -> None:
        """Take the rate as it is stated."""
        self._level = level

    def alarms(self, stories: list[Sequence]) -> Alarms:
        """Examine each window by itself."""
        return self.levels(stories) <= self._level

    def levels(self, stories: list[Sequence]) -> NDArray[np.float64]:
        """Give the least level at which each window alarms [stories, windows]."""
        if self._known[0] is not stories:
            self._known = stories, np.array([_least_levels(story) for story in stories])
        return self._known[1]


class Calibrated:
    """The same checks, their level set by simulation, as the thresholds of the others are."""

    name = "Hythe, set as the others"

    def __init__(self, hythe: Hythe) -> None:
        self._hythe = hythe
        self._level = 0.0

    def calibrate(self, calm: list[Sequence], level: float) -> None:
        """Take the quantile of calm windows' least levels."""
        self._level = float(np.quantile(self._hythe.levels(calm), level, method="lower"))

    def alarms(self, stories: list[Sequence]) -> Alarms:
        """Compare each window's least level with the one that was set."""
        return self._hythe.levels(stories) < self._level


def _least_levels(story: Sequence) -> list[float]:
    table, schema = to_rows(story.baseline), infer(story.baseline)
    baseline = compute(table, schema, Outcome.answered({"value": np.zeros(len(story.baseline))}))
    policy = MonitorPolicy(least_rows=1, ignore=("value",))
    found = []
    for rows in story.windows:
        period = Period(window=window(rows, baseline, schema), baseline=baseline, schema=schema)
        findings = examine(period, policy, 1.0).findings
        found.append(min((each.details.get("adjusted_p", 1.0) for each in findings), default=1.0))
    return found


class Evidently:
    """The drift scores of Evidently's preset: the greatest of all columns, over a threshold set for it."""

    name = "Evidently"

    def __init__(self) -> None:
        self._threshold = np.inf

    def calibrate(self, calm: list[Sequence], level: float) -> None:
        """Take the quantile of calm windows' greatest scores."""
        self._threshold = float(np.quantile(self._scores(calm), 1.0 - level, method="higher"))

    def alarms(self, stories: list[Sequence]) -> Alarms:
        """Compare the greatest score of each window with the threshold."""
        return self._scores(stories) > self._threshold

    def _scores(self, stories: list[Sequence]) -> NDArray[np.float64]:
        """Score all windows in Evidently's own environment."""
        if not installed("evidently"):
            install("evidently")
        with tempfile.TemporaryDirectory() as folder:
            for kind, parts in (
                ("baselines", [(place, 0, story.baseline) for place, story in enumerate(stories)]),
                (
                    "windows",
                    [
                        (place, number, rows)
                        for place, story in enumerate(stories)
                        for number, rows in enumerate(story.windows)
                    ],
                ),
            ):
                marked = [rows.assign(story=place, window=number) for place, number, rows in parts]
                pd.concat(marked).to_parquet(Path(folder) / f"{kind}.parquet")
            command = [program("evidently", "python"), str(HERE / "evidently" / "scores.py"), folder]
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=True)
        return np.array(json.loads(done.stdout.splitlines()[-1])).reshape(len(stories), WINDOWS)


class River:
    """One of River's detectors on each column, values in standard deviations, its threshold set for it.

    Categories are codes by how frequent they are; how many values a row lacks is a column of its own.
    """

    def __init__(self, name: str, option: str, grid: list[float], **options: float | str) -> None:
        self.name = f"River {name}"
        self._detector, self._option, self._grid, self._options = name, option, grid, options
        self._chosen = grid[-1]

    def calibrate(self, calm: list[Sequence], level: float) -> None:
        """Take the most sensitive setting of the grid at which calm stories alarm rarely enough."""
        place = bisect_left(self._grid, True, key=lambda setting: self._rarely(calm, setting, level))
        self._chosen = self._grid[min(place, len(self._grid) - 1)]

    def _rarely(self, calm: list[Sequence], setting: float, level: float) -> bool:
        self._chosen = setting
        return bool(self.alarms(calm).mean() <= level)

    def alarms(self, stories: list[Sequence]) -> Alarms:
        """Let detectors see the baseline, and then each window's rows in turn."""
        return np.array([self._story(story) for story in stories])

    def _story(self, story: Sequence) -> Alarms:
        found = np.zeros(WINDOWS, dtype=np.bool_)
        for values in _streams(story):
            places = detections(
                self._detector, values.tolist(), **{**self._options, self._option: self._chosen}
            )
            windows = (np.array(places, dtype=np.int64) - len(story.baseline)) // WINDOW_ROWS
            found[windows[windows >= 0]] = True
        return found


def _streams(story: Sequence) -> list[NDArray[np.float64]]:
    rows = pd.concat([story.baseline, *story.windows], ignore_index=True)
    first = len(story.baseline)
    coded = {name: _numbers(rows[name], first) for name in rows.columns}
    coded["lacking"] = rows.isna().sum(axis=1).to_numpy(np.float64)
    return [_standard(values, first) for values in coded.values()]


def _numbers(column: pd.Series, first: int) -> NDArray[np.float64]:
    if column.dtype.kind in "if":
        return column.to_numpy(np.float64)
    order = column[:first].value_counts().index
    codes = {value: float(place) for place, value in enumerate(order)}
    return column.map(lambda value: codes.get(value, float(len(codes)))).to_numpy(np.float64)


def _standard(values: NDArray[np.float64], first: int) -> NDArray[np.float64]:
    known = values[:first]
    spread = float(np.nanstd(known)) or 1.0
    standard: NDArray[np.float64] = np.nan_to_num((values - np.nanmean(known)) / spread)
    return standard


def contenders(*, fast: bool) -> list[Contender]:
    """Give everyone; the fast mode leaves out Evidently, which needs an environment of its own."""
    hythe = Hythe()
    if fast:
        return [
            hythe,
            Calibrated(hythe),
            River("ADWIN", "delta", [1e-1, 1e-4]),
            River("PageHinkley", "threshold", [100.0], delta=0.1),
        ]
    grid = [10.0**-power for power in range(1, 13)]
    thresholds = [20.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 150.0, 200.0, 400.0]
    return [
        hythe,
        Calibrated(hythe),
        Evidently(),
        River("ADWIN", "delta", grid),
        River("PageHinkley", "threshold", thresholds, delta=0.1),
    ]
