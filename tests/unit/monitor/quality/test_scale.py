"""Other units are told from counts and moments: on real columns, each of the known ones, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.unit.monitor.quality.real import Reference, birds, cells

from hythe.monitor.period import Candidate, Period
from hythe.monitor.quality.diagnose import diagnose
from hythe.monitor.quality.scale import Scale, apart_by_chance
from hythe.monitor.quality.subjects import features
from hythe.monitor.quality.transforms import KNOWN, Transform


def looked(reference: Reference, column: str, change: Callable[[Any], Any]) -> list[Candidate]:
    frame = reference.rest.copy()
    frame[column] = change(frame[column].astype(float))
    return list(Scale().look(reference.period(frame)))


@pytest.mark.parametrize("known", KNOWN, ids=lambda one: one.words)
@pytest.mark.parametrize("column", ["mean radius", "worst texture"])
def test_each_known_unit_is_named_in_real_measures(known: Transform, column: str) -> None:
    [found] = looked(cells(), column, lambda values: values * known.factor + known.offset)
    assert found.subject == f"feature:{column}"
    assert found.value == pytest.approx(known.factor, rel=0.1)
    assert known.words in [one["words"] for one in found.details["transforms"]]


@pytest.mark.parametrize("column", ["bill_length_mm", "flipper_length_mm", "body_mass_g"])
def test_a_factor_without_a_name_is_told_by_its_number(column: str) -> None:
    [found] = looked(birds(), column, lambda values: values * 37.0)
    assert found.value == pytest.approx(37.0, rel=0.1)
    assert "multiplied by 3" in found.found


@pytest.mark.parametrize("reference", [birds, cells])
def test_rows_of_the_same_kind_are_on_the_same_scale(reference: Callable[[], Reference]) -> None:
    known = reference()
    assert list(Scale().look(known.period(known.rest))) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values.max() - (values - values.min()) * 0.01,
        np.exp,
        lambda values: np.where(np.arange(len(values)) % 2, values * 10, values),
        lambda values: values + 3.0 * values.std(),
    ],
    ids=["squeezed", "exponential", "half of the rows", "shifted"],
)
def test_other_changes_are_no_other_unit(change: Callable[[Any], Any]) -> None:
    assert looked(cells(), "mean radius", change) == []


def test_the_chance_is_above_that_of_the_exact_two_sample_test() -> None:
    rng = np.random.default_rng(3)
    for shift in (0.1, 0.3, 0.6):
        one, other = rng.normal(size=300), rng.normal(shift, size=200)
        edges = np.unique(np.concatenate([one, other]))
        before, now = (
            (0, 0, 0, *np.diff([*np.searchsorted(np.sort(each), edges), len(each)]).tolist(), 0)
            for each in (one, other)
        )
        assert apart_by_chance(before, now) >= stats.ks_2samp(one, other, method="exact").pvalue


@pytest.mark.parametrize("move", [0.08, 0.15, 0.3])
def test_a_small_change_of_very_many_rows_is_no_other_unit(move: float) -> None:
    income = np.random.default_rng(0).gamma(4.0, 10_000.0, 200_000)
    known = Reference(pd.DataFrame({"income": income}), 100_000)
    moved = known.rest + move * income.std()
    assert list(Scale().look(known.period(moved))) == []
    assert (
        apart_by_chance(
            known.baseline.features["income"].counts.cells,
            known.period(moved).window.features["income"].cells,
        )
        <= 1e-12
    )


def told(period: Period, column: str) -> tuple[str, ...]:
    [subject] = [one for one in features(period) if one.short == column]
    return diagnose(subject)


def changed(column: str, change: Callable[[Any], Any]) -> tuple[str, ...]:
    known = birds()
    frame = known.rest.copy()
    frame[column] = change(frame[column])
    return told(known.period(frame), column)


def test_a_drifted_feature_is_explained() -> None:
    rows = np.arange(len(birds().rest))
    [unit] = changed("body_mass_g", lambda v: v / 1000)
    assert unit.startswith("all values look multiplied by 0.001 (kg for g)")
    [missing] = changed("bill_depth_mm", lambda v: v.where(rows % 2 > 0))
    assert missing.startswith("missing rose from")
    new, less = changed("island", lambda v: v.replace("Dream", "Elephant"))
    assert new.startswith("values that the baseline does not count rose from 0% to")
    assert less.startswith("'Dream' fell from")


def test_what_nothing_simple_explains_is_left_unexplained() -> None:
    known = birds()
    for column in known.rows.column_names:
        assert told(known.period(known.rest), column) == ()
