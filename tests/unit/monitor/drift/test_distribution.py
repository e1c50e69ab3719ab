"""The check of drift: what it looks at, and what takes the place of independent draws."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from msgspec import structs
from tests.unit.monitor.periods import HOUR, period

from hythe.bundle.baseline import Baseline
from hythe.bundle.schema import Schema, Tensor
from hythe.bundle.summary import summarise_array
from hythe.monitor.drift.distribution import Distribution
from hythe.monitor.drift.evidence import log_p_values
from hythe.monitor.drift.learning import Sample as Learned
from hythe.monitor.drift.learning import learn_samples
from hythe.monitor.drift.pair import Pair
from hythe.monitor.drift.readings import most_moved, readings
from hythe.monitor.period import Candidate, Period
from hythe.monitor.windows.window import Tally, Window
from hythe.statistics.bins import NumberBins, ValueBins


def look(given: Period) -> dict[str, Candidate]:
    found = [each for each in Distribution().look(given) if isinstance(each, Candidate)]
    return {each.subject: each for each in found}


def test_features_tested_together_have_the_p_values_of_each_alone() -> None:
    rng = np.random.default_rng(0)
    before = {name: rng.normal(size=2000) for name in "abc"}
    now = {name: rng.normal(shift, size=400) for name, shift in zip("abc", (0.0, 0.2, 0.8), strict=True)}
    together = look(period(before, now))
    for name in "abc":
        [alone] = look(period({name: before[name]}, {name: now[name]})).values()
        assert together[f"feature:{name}"].p_value == pytest.approx(alone.p_value, rel=1e-9)
        assert min(alone.details["p_values"].values()) == alone.p_value


def test_outputs_are_looked_at_as_features_are_and_matter_as_much_as_can_be() -> None:
    rng = np.random.default_rng(1)
    given = period({"age": rng.normal(size=2000)}, {"age": rng.normal(size=300)}, importances={"age": 0.1})
    labels = summarise_array(np.array(["no"] * 900 + ["yes"] * 100, dtype=object))
    tally = Tally(tuple(labels.counts.bins.count(["no"] * 200 + ["yes"] * 100).tolist()))  # type: ignore[arg-type]
    baseline = Baseline(2000, 0, given.baseline.features, {"label": labels})
    window = Window("scoring", "1.0.0", HOUR, 3600, rows=300, counted_rows=300, outputs={"label": tally})
    found = look(replace(given, baseline=baseline, window=window))["output:label"]
    assert found.p_value < 1e-12
    assert found.weight == 1.0
    assert found.found.startswith("label moved: 'no' 90.0% -> 66.7%; by chance once in ")


def test_what_was_learned_to_be_normal_takes_the_place_of_independent_draws() -> None:
    rng = np.random.default_rng(2)
    shares = 0.5 + 0.2 * np.sin(2.0 * np.pi * np.arange(24 * 28) / 24)
    hours = [(0, hits, 400 - hits, 0) for hits in rng.binomial(400, shares).tolist()]
    normal = learn_samples(
        [Learned(3600 * hour, {"feature:plan": cells}) for hour, cells in enumerate(hours)], 3600
    )
    start = 3600 * 24 * 35
    at_six = Window(
        "scoring", "1.0.0", start + 6 * 3600, 3600, rows=400, counted_rows=400,
        features={"plan": Tally((0, 280, 120, 0))},
    )  # fmt: skip
    given = period({"plan": ["a"] * 500 + ["b"] * 500}, {"plan": ["a"] * 280 + ["b"] * 120})
    naive = look(replace(given, window=at_six))["feature:plan"]
    learned = look(replace(given, window=at_six, normal=normal))["feature:plan"]
    at_midnight = structs.replace(at_six, start=start)
    elsewhere = look(replace(given, window=at_midnight, normal=normal))["feature:plan"]
    assert naive.p_value < 1e-9
    assert learned.p_value > 0.01
    assert elsewhere.p_value < 1e-6
    assert learned.details["moved"]["before"] == pytest.approx(0.7, abs=0.02)


def tensors(before: Any, now: Any) -> Period:
    summary = summarise_array(before)
    bins = summary.counts.bins
    assert isinstance(bins, NumberBins)
    cells = tuple(bins.count(now.reshape(-1)).tolist())
    return Period(
        window=Window(
            "images", "1.0.0", HOUR, 3600, rows=len(now), counted_rows=len(now),
            features={"image": Tally(cells)},
        ),
        baseline=Baseline(len(before), 0, {"image": summary}, {}),
        schema=Schema((Tensor("image", "float32", (8, 8)),)),
    )  # fmt: skip


def test_values_of_one_row_are_no_independent_draws() -> None:
    rng = np.random.default_rng(3)

    def images(rows: int) -> Any:
        return rng.normal(size=(rows, 1, 1)) + 0.01 * rng.normal(size=(rows, 8, 8))

    as_rows = [look(tensors(images(200), images(100)))["feature:image"].p_value for _ in range(100)]
    assert min(as_rows) > 0.001
    as_values = []
    for _ in range(20):
        given = tensors(images(200), images(100))
        counts = given.baseline.features["image"].counts
        pair = Pair.of(counts.bins, counts.cells, given.window.features["image"].cells)
        as_values.append(min(float(log) for log in log_p_values(pair).values()))
    assert max(as_values) < math.log(1e-6)


def test_darker_images_are_found() -> None:
    rng = np.random.default_rng(4)
    found = look(tensors(rng.normal(size=(500, 8, 8)), rng.normal(-0.7, 1.0, size=(300, 8, 8))))
    assert found["feature:image"].p_value < 1e-6


def test_nan_and_missing_are_one_where_windows_cannot_tell_them_apart() -> None:
    bins = NumberBins((0.0, 1.0), 2.0)
    given = period({"x": [0.0, 1.0, 2.0, math.nan] * 100}, {"x": [0.0, 1.0, 2.0, math.nan] * 50})
    summary = given.baseline.features["x"]
    assert summary.counts.bins.cells == bins.cells + 1
    as_nan = Tally((0, 50, *given.window.features["x"].cells[2:]))
    window = structs.replace(given.window, features={"x": as_nan})
    assert look(replace(given, window=window))["feature:x"].p_value == 1.0


def test_what_moved_most_is_named_and_measured() -> None:
    pair = Pair.of(NumberBins((0.0, 10.0), 20.0), (0, 0, 0, 50, 50, 0), (10, 0, 0, 60, 30, 0))
    moved = most_moved(pair)
    assert moved.name == "below 10"
    assert (moved.before, moved.now) == pytest.approx((0.5, 2 / 3))
    secret = Pair.of(ValueBins(("9f", "a0"), "key"), (0, 50, 50, 0), (0, 80, 20, 0))
    assert most_moved(secret).name == "a value"
    assert readings(pair)["population_stability_index_expected"] == pytest.approx(2 * 2 / 100)
