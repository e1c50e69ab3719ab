"""Answers of a proven variant fall into the same bins as the original's, which it may miss by a tolerance."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hythe.bundle.schema import Output
from hythe.bundle.summary import Summary, summarise_output
from hythe.bundle.tolerance import tolerance
from hythe.statistics.bins import NumberBins

SCORE = Output("score", "float64")


def moved(values: NDArray[np.floating], share: float) -> NDArray[np.float64]:
    """Move each value by a share of how far a variant may be off."""
    absolute, relative = tolerance(values.dtype)
    wide = values.astype(np.float64)
    return wide + share * (absolute + relative * np.abs(wide))


def bins(summary: Summary) -> NumberBins:
    found = summary.counts.bins
    assert isinstance(found, NumberBins)
    return found


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("share", [-0.99, 0.99])
def test_leaves_of_a_forest_stay_in_their_bins(kind: type[np.floating], share: float) -> None:
    leaves = np.random.default_rng(0).integers(0, 101, 5000) / 100
    scores = leaves.astype(kind)
    summary = summarise_output(scores, SCORE)
    assert tuple(bins(summary).count(moved(scores, share)).tolist()) == summary.counts.cells
    assert len(bins(summary).lefts) > 40


@pytest.mark.parametrize("share", [-0.99, 0.99])
def test_saturated_scores_that_no_variant_tells_apart_share_a_bin(share: float) -> None:
    logits = np.random.default_rng(1).normal(-20, 12, 5000)
    scores = 1 / (1 + np.exp(-logits))
    summary = summarise_output(scores, SCORE)
    apart = np.abs(np.array(bins(summary).count(moved(scores, share))) - summary.counts.cells)
    assert apart.sum() <= 20
    assert sum(summary.counts.cells[2:4]) > 2000


def test_bins_of_whole_numbers_are_left_alone() -> None:
    assert bins(summarise_output(np.array([1, 2, 3]), Output("n", "int64"))).lefts == (1.0, 2.0, 3.0)
