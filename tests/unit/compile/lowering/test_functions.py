"""FunctionTransformer with numpy's functions, and with functions that nobody knows."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import FunctionTransformer

from hythe.compile.lowering.frame import CannotLower
from hythe.testing.lowering import assert_alike, lower

ROWS = np.random.default_rng(0).normal(size=(10, 3))
ODD = np.array(
    [[np.nan, 1.0, 2.0], [np.inf, 0.0, -0.0], [-np.inf, -1.0, 1e-300], [0.5, 1.5, -2.5], [1e9, 700.0, -700.0]]
)
NAMES = (
    "abs arccosh arcsinh arctanh fabs cbrt ceil cos cosh deg2rad exp exp2 expm1 floor log log10 log1p "
    "log2 nan_to_num negative positive rad2deg reciprocal rint sign sin sinh sqrt square tan tanh trunc"
)


@pytest.mark.parametrize("name", NAMES.split())
def test_numpys_functions_are_computed(name: str) -> None:
    function = getattr(np, name)
    with np.errstate(all="ignore"):
        assert_alike(
            lower(FunctionTransformer(function).fit(ROWS), ROWS), np.vstack([ROWS, ODD]), absolute=0.0
        )


@given(st.lists(st.floats(-1.0, 1e6, allow_subnormal=False), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("function", [np.log1p, np.expm1], ids=["log1p", "expm1"])
def test_small_and_large_arguments_lose_no_digits(function: Any, values: list[float]) -> None:
    rows = np.array(values)[:, np.newaxis]
    with np.errstate(all="ignore"):
        pair = lower(FunctionTransformer(function).fit(rows), rows)
        wanted = function(rows)
    np.testing.assert_allclose(pair.lowered_outcome(rows).answers["value"], wanted, rtol=1e-14, atol=0.0)


def test_the_identity_passes_everything() -> None:
    assert_alike(lower(FunctionTransformer(None).fit(ROWS), ROWS), np.vstack([ROWS, ODD]))


def test_validation_refuses_what_is_not_finite() -> None:
    model = FunctionTransformer(np.exp, validate=True).fit(ROWS)
    assert_alike(lower(model, ROWS), np.vstack([ROWS[:3], ODD[:3]]))


def test_wide_integers_become_doubles() -> None:
    frame = pd.DataFrame({"a": np.arange(4), "b": np.arange(4.0)})
    assert_alike(lower(FunctionTransformer(np.sqrt).fit(frame), frame), frame)


@pytest.mark.parametrize("dtype", ["int8", "uint16", "bool"])
def test_narrow_integers_are_not_lowered_as_numpy_would_halve_their_precision(dtype: str) -> None:
    frame = pd.DataFrame({"a": np.array([0, 1, 1]).astype(dtype)})
    with pytest.raises(CannotLower, match="half precision"):
        lower(FunctionTransformer(np.exp).fit(frame), frame)


def _own(table: Any) -> Any:
    return table


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (_own, None, "_own"),
        (np.clip, {"a_min": 0, "a_max": 1}, "clip"),
        (np.log1p, {"dtype": float}, "log1p"),
    ],
    ids=["a user's", "one that is not known", "one with arguments"],
)
def test_functions_that_are_not_known_are_named(function: Any, arguments: Any, named: str) -> None:
    with pytest.raises(CannotLower, match=named):
        lower(FunctionTransformer(function, kw_args=arguments).fit(ROWS), ROWS)
