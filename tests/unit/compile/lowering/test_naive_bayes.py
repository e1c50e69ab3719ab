"""Naive Bayes answers as its originals do."""

from typing import Any

import numpy as np
import pytest
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, GaussianNB, MultinomialNB

from hythe.testing.lowering import assert_alike, assert_lowers, lower

DRAW = np.random.default_rng(0)
ROWS = DRAW.normal(size=(60, 4))
COUNTS = DRAW.poisson(2.0, size=(60, 4)).astype(float)
CATEGORIES = np.stack([DRAW.integers(0, 3, 60), DRAW.integers(0, 5, 60)], axis=1).astype(float)
LABELS = {"two": ROWS[:, 0] > 0, "three": np.array(["a", "b", "c"])[np.digitize(ROWS[:, 1], [-0.5, 0.5])]}


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize(
    "model",
    [
        GaussianNB(),
        GaussianNB(var_smoothing=0.1),
        BernoulliNB(),
        BernoulliNB(binarize=0.3, alpha=0.5),
        BernoulliNB(binarize=None),
    ],
    ids=str,
)
def test_densities_and_switches_answer_as_their_originals(model: Any, labels: str) -> None:
    rows = ROWS if getattr(model, "binarize", 0.0) is not None else (ROWS > 0).astype(float)
    assert_lowers(model.fit(rows, LABELS[labels]), rows)


def test_a_value_on_the_switch_is_off() -> None:
    model = BernoulliNB(binarize=0.5).fit(np.round(ROWS), LABELS["two"])
    edge = np.full((3, 4), 0.5)
    edge[1], edge[2] = np.nextafter(0.5, 1), np.nextafter(0.5, 0)
    assert_lowers(model, edge)


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize(
    "model",
    [MultinomialNB(), MultinomialNB(fit_prior=False), ComplementNB(), ComplementNB(norm=True)],
    ids=str,
)
def test_counts_answer_as_their_originals_even_below_zero(model: Any, labels: str) -> None:
    pair = assert_lowers(model.fit(COUNTS, LABELS[labels]), COUNTS)
    assert_alike(pair, -COUNTS[:3])


def test_a_complement_of_one_class_takes_its_prior() -> None:
    assert_lowers(ComplementNB().fit(COUNTS, np.zeros(60)), COUNTS)


@pytest.mark.parametrize("labels", LABELS)
def test_categories_are_cut_to_integers_and_unknown_ones_refused(labels: str) -> None:
    pair = lower(CategoricalNB().fit(CATEGORIES, LABELS[labels]), CATEGORIES)
    odd = [[0.5, 1], [2.9, 4.9], [3, 0], [0, 5], [-0.5, 0], [-1, 0], [np.nan, 0], [0, np.inf], [1e300, 0]]
    assert_alike(pair, np.vstack([CATEGORIES[:20], np.array(odd)]))


def test_a_least_number_of_categories_is_kept() -> None:
    pair = lower(CategoricalNB(min_categories=7).fit(CATEGORIES, LABELS["two"]), CATEGORIES)
    assert_alike(pair, np.array([[6.0, 6.0], [7.0, 0.0]]))
