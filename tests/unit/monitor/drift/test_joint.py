"""Changes of dependence are found where each feature is as before; they are not where nothing changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from hythe.bundle.baseline import Baseline, compute
from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.bundle.outcome import Outcome
from hythe.bundle.pairs import MOST_PAIRED, Pairs, drawn
from hythe.bundle.schema import Schema
from hythe.monitor.drift.joint import Correlation
from hythe.monitor.drift.learning import learn
from hythe.monitor.finding import Finding
from hythe.monitor.period import Candidate, Period
from hythe.monitor.windows.window import Window

NAMES = ["a", "b", "c", "d"]
COVARIANCE = np.array(
    [[1.0, 0.8, 0.3, 0.0], [0.8, 1.0, 0.3, 0.0], [0.3, 0.3, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
)
HOUR_S = 3600


def draw(
    rng: np.random.Generator, n: int, covariance: NDArray[np.float64] = COVARIANCE
) -> NDArray[np.float64]:
    return rng.multivariate_normal(np.zeros(len(covariance)), covariance, n)


def baseline_of(columns: NDArray[np.float64], names: list[str] = NAMES) -> tuple[Baseline, Schema]:
    frame = pd.DataFrame(columns, columns=names)
    schema = infer(frame)
    return compute(to_rows(frame), schema, Outcome.answered({"value": np.zeros(len(frame))})), schema


def pairs_of(baseline: Baseline) -> Pairs:
    assert baseline.pairs is not None
    return baseline.pairs


def window_of(pairs: Pairs, columns: NDArray[np.float64], start: int = 0) -> Window:
    return Window("e", "1.0.0", start, HOUR_S, statistics=pairs.statistics(columns))


def look(baseline: Baseline, schema: Schema, window: Window, **more: Any) -> list[Candidate]:
    found = Correlation().look(Period(window=window, baseline=baseline, schema=schema, **more))
    return [each for each in found if isinstance(each, Candidate)]


def test_of_columns_of_which_one_alone_varies_nothing_is_said() -> None:
    columns = draw(np.random.default_rng(0), 500)
    columns[:, 1:] = 7.0
    baseline, schema = baseline_of(columns)
    assert (baseline.pairs, baseline.correlations is None) == (None, False)
    assert (
        list(Correlation().look(Period(window=Window("e", "1.0.0", 0), baseline=baseline, schema=schema)))
        == []
    )


def test_a_lost_correlation_is_found_though_every_feature_is_distributed_as_before() -> None:
    rng = np.random.default_rng(0)
    baseline, schema = baseline_of(draw(rng, 2000))
    columns = draw(rng, 500)
    columns[:, 1] = rng.permutation(columns[:, 1])
    by_subject = {
        each.subject: each for each in look(baseline, schema, window_of(pairs_of(baseline), columns))
    }
    assert by_subject["joint:a~b"].p_value < 1e-12
    assert by_subject["joint"].p_value < 1e-9
    assert by_subject["joint:a~b"].details["before"] == pytest.approx(2 / np.pi * np.arcsin(0.8), abs=0.06)
    assert abs(by_subject["joint:a~b"].details["now"]) < 0.15


def test_swapped_columns_with_like_margins_are_found() -> None:
    rng = np.random.default_rng(1)
    baseline, schema = baseline_of(draw(rng, 2000))
    swapped = draw(rng, 1000)[:, [0, 3, 2, 1]]
    found = look(baseline, schema, window_of(pairs_of(baseline), swapped))
    assert {each.subject for each in found if each.p_value < 1e-9} >= {"joint", "joint:a~b", "joint:a~d"}


def test_features_that_move_by_themselves_are_no_change_of_dependence() -> None:
    rng = np.random.default_rng(2)
    baseline, schema = baseline_of(draw(rng, 2000))
    moved = draw(rng, 1000)
    moved[:, 2:] += 0.4
    [most] = [
        each
        for each in look(baseline, schema, window_of(pairs_of(baseline), moved))
        if each.subject != "joint"
    ]
    assert most.p_value > 0.01


def test_where_nothing_changed_p_values_are_below_alpha_at_most_as_often_as_alpha_says() -> None:
    rng = np.random.default_rng(3)
    p_values: dict[str, list[float]] = {"pair": [], "joint": []}
    for _ in range(60):
        baseline, schema = baseline_of(draw(rng, 300))
        pairs = pairs_of(baseline)
        for _ in range(5):
            found = look(baseline, schema, window_of(pairs, draw(rng, 200)))
            p_values["pair"].append(min(each.p_value for each in found if each.subject != "joint"))
            p_values["joint"].append(next(each.p_value for each in found if each.subject == "joint"))
    for values in p_values.values():
        for alpha in (0.1, 0.02):
            assert np.mean(np.array(values) <= alpha) <= alpha + 3 * np.sqrt(alpha / len(values))


def test_correlations_by_chance_alone_do_not_make_new_rows_look_as_if_they_followed_less() -> None:
    rng = np.random.default_rng(4)
    names = [f"x{place}" for place in range(16)]
    found = []
    for _ in range(40):
        baseline, schema = baseline_of(rng.normal(size=(150, 16)), names)
        found += look(baseline, schema, window_of(pairs_of(baseline), rng.normal(size=(400, 16))))
    joint = np.array([each.p_value for each in found if each.subject == "joint"])
    assert (joint <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 / len(joint))


def test_what_varies_between_windows_anyway_is_learned_and_more_than_that_is_found() -> None:
    rng = np.random.default_rng(5)
    baseline, schema = baseline_of(draw(rng, 2000))
    pairs = pairs_of(baseline)

    def hour(start: int, correlation: float) -> Window:
        covariance = np.eye(4)
        covariance[0, 1] = covariance[1, 0] = np.tanh(np.arctanh(correlation) + 0.15 * rng.normal())
        return window_of(pairs, draw(rng, 500, covariance), start)

    normal = learn([hour(HOUR_S * place, 0.8) for place in range(72)], baseline, HOUR_S)
    later = [look(baseline, schema, hour(HOUR_S * place, 0.8), normal=normal) for place in range(100, 220)]
    assert all({each.subject for each in found} >= {"joint"} for found in later)
    worst = np.array([min(each.p_value for each in found) for found in later])
    assert (worst <= 0.01).mean() <= 0.02 + 3 * np.sqrt(0.02 / len(worst))
    lost = look(baseline, schema, hour(HOUR_S * 300, 0.0), normal=normal)
    assert min(each.p_value for each in lost) < 1e-4


def test_a_baseline_without_pairs_says_to_pack_again_and_a_window_without_to_look_at_the_servers() -> None:
    baseline, schema = baseline_of(draw(np.random.default_rng(6), 200))
    old = Baseline(baseline.rows, 0, baseline.features, baseline.outputs, correlations=baseline.correlations)
    for known, message in ((old, "pack the model again"), (baseline, "the window counts no pairs")):
        [finding] = Correlation().look(Period(window=Window("e", "1.0.0", 0), baseline=known, schema=schema))
        assert isinstance(finding, Finding)
        assert finding.verdict == "too_little"
        assert message in finding.message


def test_a_model_of_one_number_has_no_dependence_to_look_at() -> None:
    baseline, schema = baseline_of(draw(np.random.default_rng(7), 100)[:, :1], ["a"])
    assert baseline.pairs is None
    assert not look(baseline, schema, Window("e", "1.0.0", 0))


def test_pairs_are_the_same_in_whatever_order_rows_come() -> None:
    rng = np.random.default_rng(8)
    columns = np.round(draw(rng, 400), 1)
    columns[rng.random(columns.shape) < 0.05] = np.nan
    assert baseline_of(columns)[0].pairs == baseline_of(rng.permutation(columns))[0].pairs


def test_equal_rows_are_drawn_as_independently_as_others() -> None:
    halves = drawn(np.repeat(np.arange(2000.0), 2)[:, None]).reshape(-1, 2)
    both = halves.all(axis=1).mean()
    assert halves.mean() == pytest.approx(0.5, abs=0.04)
    assert both == pytest.approx(0.25, abs=0.04)


def test_no_more_than_sixteen_columns_are_paired() -> None:
    names = [f"x{place}" for place in range(20)]
    baseline, _ = baseline_of(np.random.default_rng(9).normal(size=(100, 20)), names)
    assert len(pairs_of(baseline).columns) == MOST_PAIRED
    assert len(pairs_of(baseline).tables) == 4 * 120


def test_windows_that_are_merged_count_what_all_their_rows_would() -> None:
    rng = np.random.default_rng(10)
    pairs = pairs_of(baseline_of(draw(rng, 200))[0])
    columns = draw(rng, 300)
    parts = [pairs.statistics(part) for part in np.array_split(columns, 7)]
    whole = pairs.statistics(columns)
    for name in ("pairs", "joint"):
        assert tuple(np.sum([part[name] for part in parts], axis=0).tolist()) == whole[name]
