"""Isotonic regression interpolates as its original does, on its thresholds and beside them."""

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from hythe.testing.lowering import assert_alike, assert_lowers, lower

DRAW = np.random.default_rng(0)
PLACES = DRAW.normal(size=40)
HEIGHTS = PLACES + DRAW.normal(size=40)


@pytest.mark.parametrize("beyond", ["nan", "clip", "raise"])
@pytest.mark.parametrize("increasing", [True, False])
def test_thresholds_and_their_neighbours_are_interpolated(beyond: str, increasing: bool) -> None:
    model = IsotonicRegression(out_of_bounds=beyond, increasing=increasing).fit(PLACES, HEIGHTS)
    pair = lower(model, PLACES.reshape(-1, 1))
    known = model.X_thresholds_
    edges = np.concatenate([known, np.nextafter(known, 9), np.nextafter(known, -9), [99.0, -99.0]])
    assert_alike(pair, np.concatenate([edges, [np.nan, np.inf, -np.inf]]).reshape(-1, 1))


def test_a_single_height_is_answered_everywhere() -> None:
    rows = PLACES.reshape(-1, 1)
    assert_lowers(IsotonicRegression().fit(np.ones(3), np.arange(3.0)), rows)
