"""Proof rows for models on tensors: zeros, ones, extremes, NaN, noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hythe.bundle.rows import Array

_FLOATS: Mapping[str, float] = {
    "nan": float("nan"),
    "infinite": float("inf"),
    "huge": 1e30,
    "tiny": 1e-40,
}


def tensor_variations(
    examples: Mapping[str, Array], rng: np.random.Generator, rows: int
) -> dict[str, Mapping[str, Array]]:
    """Make rows by kind: every tensor filled with the same thing, then noise and mixtures of examples.

    Ragged tensors (arrays of arrays) stay ragged.

    >>> made = tensor_variations({"x": np.ones((2, 3), np.float32)}, np.random.default_rng(0), 8)
    >>> made["zeros"]["x"].tolist()
    [[0.0, 0.0, 0.0]]
    """
    total = len(next(iter(examples.values())))
    made: dict[str, Mapping[str, Array]] = {
        kind: {name: _like(values, [_full(values[0], fill(values))]) for name, values in examples.items()}
        for kind, fill in _FILLS.items()
    }
    for kind, number in _FLOATS.items():
        if any(_kind(values) == "f" for values in examples.values()):
            made[kind] = {n: _like(v, [_filled(v[0], number)]) for n, v in examples.items()}
            made[f"one {kind}"] = {n: _like(v, [_one_cell(v[0], number, rng)]) for n, v in examples.items()}
    made["mixed"] = {name: values[rng.integers(total, size=rows)] for name, values in examples.items()}
    picks = rng.integers(total, size=rows)
    made["noise"] = {
        name: _like(values, [_noise(values[pick], _bounds(values), rng) for pick in picks])
        for name, values in examples.items()
    }
    return made


_FILLS: Mapping[str, Callable[[Array], Any]] = {
    "zeros": lambda _: 0,
    "ones": lambda _: 1,
    "least": lambda values: _bounds(values)[0],
    "greatest": lambda values: _bounds(values)[1],
}


def _kind(values: Array) -> str:
    """Name the kind of the cells, inside ragged tensors too."""
    return np.asarray(values[0]).dtype.kind if values.dtype.hasobject else values.dtype.kind


def _like(values: Array, rows: list[Array]) -> Array:
    """Stack rows as `values` is: dense, or an array of arrays."""
    if not values.dtype.hasobject:
        return np.stack(rows).astype(values.dtype, copy=False)
    ragged = np.empty(len(rows), dtype=object)
    for index, row in enumerate(rows):
        ragged[index] = row
    return ragged


def _bounds(values: Array) -> tuple[Any, Any]:
    """Find the least and the greatest finite number; the first cell twice where there are no numbers."""
    flat = np.concatenate([np.ravel(row) for row in values]) if values.dtype.hasobject else values.ravel()
    finite = flat[np.isfinite(flat)] if flat.dtype.kind in "fiub" else flat[:1]
    return (finite.min(), finite.max()) if finite.size and flat.dtype.kind in "fiub" else (0, 0)


def _full(row: Array, number: Any) -> Array:
    """Fill a row with a number; strings stay."""
    return row if row.dtype.kind not in "fiub" else np.full_like(row, number)


def _filled(row: Array, number: float) -> Array:
    """Fill a row of floats; the others stay."""
    if row.dtype.kind != "f":
        return row
    with np.errstate(over="ignore"):
        return np.full_like(row, number)


def _one_cell(row: Array, number: float, rng: np.random.Generator) -> Array:
    changed: Array = np.array(row)
    if row.dtype.kind == "f" and row.size:
        with np.errstate(over="ignore"):
            changed.reshape(-1)[rng.integers(row.size)] = number
    return changed


def _noise(row: Array, bounds: tuple[Any, Any], rng: np.random.Generator) -> Array:
    """Draw within the examples' range; integers stay integers (token ids, classes)."""
    low, high = bounds
    if row.dtype.kind == "f":
        return np.asarray(rng.uniform(low, high, row.shape), dtype=row.dtype)
    if row.dtype.kind in "iu":
        return np.asarray(rng.integers(int(low), int(high), row.shape, endpoint=True), dtype=row.dtype)
    return np.array(row)
