"""Random halves of real rows hardly ever alarm: all checks of data quality together, at the stated level."""

from __future__ import annotations

from tests.unit.monitor.quality.real import Reference, penguins

from hythe.monitor.checks import declared
from hythe.monitor.examine import examine
from hythe.monitor.policy import MonitorPolicy
from hythe.statistics.clopper_pearson import rate_bounds

OF_QUALITY = {"missing", "nan", "range", "unseen", "frozen", "scale", "duplicates", "refused"}
CHECKS = [check for check in declared() if check.name in OF_QUALITY]
SPLITS, ALPHA = 80, 0.1


def test_halves_of_one_flock_alarm_no_more_often_than_stated() -> None:
    alarms = 0
    for seed in range(SPLITS):
        known = Reference(penguins().sample(frac=1.0, random_state=seed).reset_index(drop=True), 172)
        rows = known.table(known.rest)
        period = known.counted(rows, statistics={"repeats": (rows.num_rows, 0, 0)})
        alarms += bool(examine(period, MonitorPolicy(), ALPHA, CHECKS).alarms)
    assert {check.name for check in CHECKS} == OF_QUALITY
    assert rate_bounds(alarms, SPLITS, 1e-3)[0] <= ALPHA
