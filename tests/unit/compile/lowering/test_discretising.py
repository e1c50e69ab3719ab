"""Bins and quantiles, on their edges and one unit in the last place to each side."""

from typing import Any

import numpy as np
import pytest
from sklearn.preprocessing import KBinsDiscretizer, QuantileTransformer

from hythe.testing.lowering import assert_alike, lower

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(60, 2))
HOLES = np.where(RANDOM.random(ROWS.shape) < 0.1, np.nan, ROWS)
ODD = np.array([[np.nan, 1.0], [np.inf, 1.0], [0.0, 0.0], [5.0, -5.0], [1e5, -1e5]])
EXACT = {"relative": 0.0, "absolute": 0.0}

pytestmark = pytest.mark.filterwarnings("ignore:Feature .* is constant", "ignore:Bins whose width")


def around(edges: Any) -> Any:
    """Put each row of edges there exactly, and one unit in the last place to each side."""
    exact = np.array(list(zip(*edges, strict=True)), dtype=np.float64)
    return np.vstack([exact, np.nextafter(exact, np.inf), np.nextafter(exact, -np.inf)])


@pytest.mark.parametrize("encode", ["ordinal", "onehot", "onehot-dense"])
@pytest.mark.parametrize("strategy", ["quantile", "uniform", "kmeans"])
def test_values_fall_into_the_originals_bins(encode: str, strategy: str) -> None:
    model = KBinsDiscretizer(
        4, encode=encode, strategy=strategy, quantile_method="averaged_inverted_cdf"
    ).fit(ROWS)
    rows = np.vstack([ROWS[:5], ODD, around([edges[1:-1] for edges in model.bin_edges_])])
    assert_alike(lower(model, ROWS), rows, **EXACT)


@pytest.mark.parametrize("dtype", [np.float32, None], ids=["rounded by the step", "rounded before"])
def test_single_precision_is_compared_as_such(dtype: Any) -> None:
    rows = ROWS if dtype else ROWS.astype(np.float32)
    model = KBinsDiscretizer(4, encode="ordinal", strategy="uniform", dtype=dtype).fit(rows)
    near = around([edges[1:-1] for edges in model.bin_edges_]).astype(rows.dtype)
    assert_alike(lower(model, rows), near, **EXACT)


def test_a_constant_column_has_one_bin() -> None:
    rows = np.column_stack([ROWS[:, 0], np.ones(len(ROWS))])
    model = KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf").fit(rows)
    assert_alike(lower(model, rows), rows[:5], **EXACT)


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@pytest.mark.parametrize("digits", [None, 1], ids=["continuous", "with repeated quantiles"])
def test_ranks_are_the_originals(distribution: str, digits: int | None) -> None:
    rows = HOLES if digits is None else np.round(HOLES, digits)
    model = QuantileTransformer(n_quantiles=20, output_distribution=distribution).fit(rows)
    assert_alike(lower(model, rows), np.vstack([rows[:5], ODD, around(model.quantiles_.T)]))


def test_ranks_in_the_far_tails_are_the_originals() -> None:
    rows = np.linspace(0.0, 1.0, 1000)[:, np.newaxis]
    model = QuantileTransformer(n_quantiles=1000, output_distribution="normal").fit(rows)
    tails = np.concatenate([np.geomspace(1e-9, 1e-3, 7), 1.0 - np.geomspace(1e-9, 1e-3, 7)])
    assert_alike(lower(model, rows), tails[:, np.newaxis])
