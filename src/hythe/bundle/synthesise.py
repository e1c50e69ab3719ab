"""Plausible values in place of sensitive ones, so that nothing stored names a person."""

from __future__ import annotations

import string
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hythe.bundle.rows import Array, Rows
from hythe.bundle.schema import EXACT_INTEGER, Column, Schema

_ALPHABETS = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
_TRIES = 20


def synthesise(rows: Rows, schema: Schema, seed: int) -> Rows:
    """Replace the values of the columns that `schema` marks sensitive; other columns and tensors pass.

    New values have the type, range and letter pattern of the old ones, and are none of them where there are
    others. Missing values, NaN and infinities stay in place, since they are why a row is there. Categories
    and booleans are drawn afresh.

    >>> schema = Schema((Column("ssn", "string", sensitive=True),))
    >>> new = synthesise(pa.table({"ssn": ["123-Ab"]}), schema, 0)["ssn"].to_pylist()[0]
    >>> new != "123-Ab", new[3], new[:3].isdigit(), new[4].isupper()
    (True, '-', True, True)
    """
    if not isinstance(rows, pa.Table):
        return rows
    table = rows
    for index, column in enumerate(schema.columns):
        if column.sensitive and column.name in table.column_names:
            random = np.random.default_rng([seed, index])
            position = table.column_names.index(column.name)
            fresh = _fresh(table.column(position).combine_chunks(), column, random)
            table = table.set_column(position, column.name, fresh)
    return table


def _fresh(values: pa.Array, column: Column, random: np.random.Generator) -> pa.Array:
    if column.type == "timestamp":
        units = _numbers(values.cast(pa.int64()), (-(2**62), 2**62), random)
        return units.cast(values.type)
    if column.categories is not None:
        return _drawn(values, list(column.categories), random)
    if column.type == "bool":
        return _drawn(values, [False, True], random)
    if column.type == "string":
        real = set(values.to_pylist())
        return pa.array(
            [None if v is None else _text(v, real, random) for v in values.to_pylist()], values.type
        )
    return _numbers(values, _limits(column, np.dtype(column.type)), random)


def _drawn(values: pa.Array, choices: list[Any], random: np.random.Generator) -> pa.Array:
    picks = random.integers(0, len(choices), len(values)).tolist()
    return pa.array(
        [choices[p] if v.is_valid else None for p, v in zip(picks, values, strict=True)], values.type
    )


def _text(real: str, taken: set[str], random: np.random.Generator) -> str:
    """Swap each digit and letter for another of its kind; letters of other scripts become Latin ones."""
    made = real
    for _ in range(_TRIES):
        made = "".join(_letter(letter, random) for letter in real)
        if made not in taken:
            break
        real += "a"
    return made


def _letter(letter: str, random: np.random.Generator) -> str:
    if letter.isspace() or not letter.isalnum():
        return letter
    kind = 0 if letter.isdigit() else 2 if letter.isupper() else 1
    alphabet = _ALPHABETS[kind]
    return alphabet[int(random.integers(len(alphabet)))]


def _numbers(values: pa.Array, limits: tuple[float, float], random: np.random.Generator) -> pa.Array:
    """Draw from the range of the finite values, widened within `limits` where it holds no others."""
    numbers = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    missing = values.is_null().to_numpy(zero_copy_only=False)
    finite = ~missing & np.isfinite(numbers)
    made = np.array(numbers)
    made[finite] = _others(numbers[finite], limits, random)
    return pa.array(made, values.type, mask=missing, from_pandas=False)


def _limits(column: Column, dtype: np.dtype[Any]) -> tuple[float, float]:
    """Give the least and greatest value that the column may hold."""
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        least: float = max(int(info.min), -EXACT_INTEGER)
        most: float = min(int(info.max), EXACT_INTEGER)
    else:
        most = float(np.finfo(dtype).max)
        least = -most
    return (
        least if column.minimum is None else max(least, column.minimum),
        most if column.maximum is None else min(most, column.maximum),
    )


def _others(real: Array, limits: tuple[float, float], random: np.random.Generator) -> Array:
    """Draw as many values as `real` has, none of them in it wherever there are others in range."""
    made = real.copy()
    left = np.ones(len(real), dtype=np.bool_)
    low, high = (real.min().item(), real.max().item()) if real.size else (0, 0)
    for _ in range(_TRIES if real.size else 0):
        made[left] = _uniform(low, high, int(left.sum()), real.dtype, random)
        left = np.isin(made, real)
        if not left.any():
            break
        low, high = _wider(low, high, limits, whole=real.dtype.kind in "iu")
    return made


def _uniform(low: Any, high: Any, size: int, dtype: np.dtype[Any], random: np.random.Generator) -> Array:
    if dtype.kind in "iu":
        whole: Array = random.integers(int(low), int(high), size, dtype=dtype.type, endpoint=True)
        return whole
    share = random.random(size)
    drawn: Array = (low * (1.0 - share) + high * share).astype(dtype)
    return drawn


def _wider(low: Any, high: Any, limits: tuple[float, float], *, whole: bool) -> tuple[Any, Any]:
    """Widen a range by a tenth of itself, at least by one, keeping its sign and the limits."""
    step = max(1, (high - low) // 10) if whole else (high / 10 - low / 10) or 1.0
    floor = max(limits[0], 0) if low >= 0 else limits[0]
    return max(floor, low - step), min(limits[1], high + step)
