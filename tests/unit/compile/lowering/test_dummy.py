"""Baselines answer the same for every row, and refuse nothing."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_lowers, assert_same, lower

ROWS = np.random.default_rng(0).normal(size=(20, 2))
WORDS = np.array(["a", "b", "b", "c"] * 5)
NUMBERS = np.arange(20.0)


@pytest.mark.parametrize("strategy", ["prior", "most_frequent"])
@pytest.mark.parametrize("labels", [WORDS, WORDS == "a", np.stack([WORDS, WORDS[::-1]], axis=1)], ids=len)
def test_a_classifier_answers_by_its_strategy(strategy: str, labels: Any) -> None:
    assert_lowers(DummyClassifier(strategy=strategy).fit(ROWS, labels), ROWS)


def test_a_constant_label_is_answered() -> None:
    assert_lowers(DummyClassifier(strategy="constant", constant="a").fit(ROWS, WORDS), ROWS)


@pytest.mark.parametrize("strategy", ["uniform", "stratified"])
def test_a_draw_by_chance_stays_native(strategy: str) -> None:
    with pytest.raises(CannotLower, match="by chance"):
        lower(DummyClassifier(strategy=strategy).fit(ROWS, WORDS), ROWS)


@pytest.mark.parametrize(
    "model",
    [
        DummyRegressor(),
        DummyRegressor(strategy="median"),
        DummyRegressor(strategy="quantile", quantile=0.3),
        DummyRegressor(strategy="constant", constant=7),
    ],
    ids=str,
)
def test_a_regressor_answers_by_its_strategy(model: Any) -> None:
    assert_lowers(model.fit(ROWS, NUMBERS), ROWS)


def test_several_targets_are_answered() -> None:
    assert_lowers(DummyRegressor().fit(ROWS, np.stack([NUMBERS, -NUMBERS], axis=1)), ROWS)


def test_a_table_of_words_alone_is_answered() -> None:
    frame = pd.DataFrame({"city": WORDS})
    assert_same(lower(DummyClassifier().fit(frame, WORDS), frame), frame)
