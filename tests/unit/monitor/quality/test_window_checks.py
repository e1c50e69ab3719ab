"""What is wrong with a window's data is named, and what is right raises nothing: on real rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from scipy import stats
from tests.unit.monitor.quality.real import Reference, birds, cells, penguins

from hythe.bundle.schema import Column, Schema
from hythe.bundle.summary import Summary
from hythe.monitor.finding import Finding
from hythe.monitor.period import Candidate, Check, Period
from hythe.monitor.quality.frozen import Frozen
from hythe.monitor.quality.missing import Missing
from hythe.monitor.quality.not_a_number import NotANumber
from hythe.monitor.quality.out_of_range import OutOfRange
from hythe.monitor.quality.refused import Refused
from hythe.monitor.quality.unseen import Unseen
from hythe.monitor.windows.window import Tally, Window
from hythe.statistics.bins import quantile_bins
from hythe.statistics.counts import Counts

CHECKS: tuple[Check, ...] = (Missing(), NotANumber(), OutOfRange(), Unseen(), Frozen(), Refused())


def found(period: Period) -> list[Candidate | Finding]:
    return [item for check in CHECKS for item in check.look(period)]


def alarms(period: Period) -> set[tuple[str, str]]:
    """Judge all p-values together at 1e-4 by Bonferroni, and take the findings that alarm."""
    given = found(period)
    tests = [item for item in given if isinstance(item, Candidate)]
    hits = {(item.check, item.subject) for item in tests if item.p_value * len(tests) <= 1e-4}
    return hits | {
        (item.check, item.subject) for item in given if isinstance(item, Finding) and item.verdict == "alarm"
    }


def candidate(period: Period, check: str, subject: str) -> Candidate:
    [one] = [item for item in found(period) if (item.check, item.subject) == (check, subject)]
    assert isinstance(one, Candidate)
    return one


@pytest.mark.parametrize("reference", [birds, cells])
def test_rows_of_the_same_kind_raise_nothing(reference: Callable[[], Reference]) -> None:
    known = reference()
    assert alarms(known.period(known.rest)) == set()


def changed(column: str, change: Callable[[Any], Any]) -> Any:
    frame = birds().rest.copy()
    frame[column] = change(frame[column])
    return frame


FAULTS = {
    "nulls": ("sex", lambda values: values.where(np.arange(len(values)) % 3 > 0, None), "missing"),
    "no nulls any more": ("sex", lambda values: values.fillna("female"), ""),
    "another unit": ("bill_length_mm", lambda values: values / 10, "range"),
    "a new island": ("island", lambda values: values.replace("Dream", "Elephant"), "unseen"),
    "one value": ("body_mass_g", lambda values: values * 0 + 4000.0, "frozen"),
    "one island": ("island", lambda values: ["Biscoe"] * len(values), "frozen"),
    "all missing": ("bill_depth_mm", lambda values: values * np.nan, "missing"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_one_column_is_named_with_its_column_alone(fault: str) -> None:
    column, change, check = FAULTS[fault]
    expected = {(check, f"feature:{column}")} if check else set()
    assert alarms(birds().period(changed(column, change))) == expected


def test_missing_values_that_vanish_are_noticed_when_there_were_many() -> None:
    frame = penguins().copy()
    frame.loc[:99, "sex"] = None
    known = Reference(frame, 172)
    filled = known.rest.assign(sex=known.rest["sex"].fillna("female"))
    assert alarms(known.period(filled)) == {("missing", "feature:sex")}


def test_missing_values_are_tested_as_scipy_tests_a_table_of_four() -> None:
    known = birds()
    period = known.period(changed("sex", FAULTS["nulls"][1]))
    now, rows = period.window.features["sex"].cells[0], len(known.rest)
    before, reference = known.rows.column("sex").null_count, known.rows.num_rows
    one = candidate(period, "missing", "feature:sex")
    table = np.array([[now, rows - now], [before, reference - before]])
    assert one.p_value == pytest.approx(2 * stats.fisher_exact(table, "greater").pvalue, rel=1e-6)
    assert one.value == pytest.approx(now / rows)
    assert one.n == rows
    assert one.details["before"] == pytest.approx(before / reference)
    assert f"sex is missing in {100 * now / rows:.1f}% of {rows} rows" in one.found


def test_a_column_that_never_misses_a_value_has_no_test_and_one_missing_value_alarms() -> None:
    known = cells()
    assert not [item for item in found(known.period(known.rest)) if item.check == "missing"]
    column = known.rows.column_names[0]
    rows = known.table(known.rest)
    gaps = pa.array([None, *rows.column(column).to_pylist()[1:]], pa.float64())
    rows = rows.set_column(0, column, gaps)
    assert alarms(known.counted(rows)) == {("missing", f"feature:{column}")}


def test_nan_in_outputs_is_noticed() -> None:
    values = np.linspace(0.0, 1.0, 200)
    bins = quantile_bins(values)
    known = birds()
    baseline = msgspec.structs.replace(known.baseline, outputs={"value": Summary(Counts.of(bins, values))})
    broken = np.where(np.arange(200) % 4 == 0, np.nan, values)
    window = Window("e", "1.0.0", 0, outputs={"value": Tally(tuple(bins.count(broken).tolist()))})
    period = Period(window=window, baseline=baseline, schema=known.schema)
    assert alarms(period) == {("nan", "output:value")}
    expected = stats.hypergeom(400, 50, 200).sf(49)
    assert candidate(period, "nan", "output:value").p_value == pytest.approx(2 * expected, rel=1e-6)


def test_times_that_go_on_are_not_out_of_range() -> None:
    bins = quantile_bins(np.arange(100.0))
    summary = Summary(Counts.of(bins, np.arange(100.0)))
    known = birds()
    period = Period(
        window=Window(
            "e", "1", 0, features={"at": Tally(tuple(bins.count(np.arange(200.0, 300.0)).tolist()))}
        ),
        baseline=msgspec.structs.replace(known.baseline, features={"at": summary}),
        schema=Schema((Column("at", "timestamp"),)),
    )
    assert found(period) == []


def test_a_sensitive_value_is_not_told() -> None:
    known = birds()
    hidden = known.schema.replacing("body_mass_g", sensitive=True)
    period = known.period(changed("body_mass_g", FAULTS["one value"][1]))
    [finding] = Frozen().look(Period(window=period.window, baseline=known.baseline, schema=hidden))
    assert "4000" not in finding.found


def test_an_empty_window_gives_nothing() -> None:
    known = birds()
    assert found(Period(window=Window("e", "1", 0), baseline=known.baseline, schema=known.schema)) == []
    assert found(known.period(known.rest.iloc[:0])) == []


def test_columns_that_the_schema_lacks_are_tested_as_far_as_their_counts_tell() -> None:
    known = birds()
    period = known.period(changed("island", FAULTS["a new island"][1]))
    bare = Period(window=period.window, baseline=known.baseline, schema=Schema(()))
    assert alarms(bare) == {("unseen", "feature:island")}


def test_a_window_counted_over_other_bins_is_left_alone() -> None:
    known = birds()
    window = msgspec.structs.replace(
        known.period(known.rest).window, features={"island": Tally((0, 1, 2, 3, 4, 5, 6))}
    )
    assert found(Period(window=window, baseline=known.baseline, schema=known.schema)) == []
