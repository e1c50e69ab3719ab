"""Rows of cells that break converters and guards: missing, infinite, huge, tiny, unseen, odd."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hythe.bundle.schema import EXACT_INTEGER, Column, Schema
from hythe.compile.cells import Edit, floats, is_float, is_number

PER_KIND = 96
"""The most rows of one kind that change a single column each; more are thinned out at random."""
_FEW = 8
MOST_CATEGORIES = 1024
"""A string column with more distinct values is text, and its examples are tried instead of each value."""

_SINGLE_MAX = float(np.finfo(np.float32).max)
_TINY = (0.0, -0.0, 5e-324, -5e-324, 1e-310, 1e-40, -1e-40, 1e-300)
_WIDE = (_SINGLE_MAX, -_SINGLE_MAX, 1e30, -1e30, float(EXACT_INTEGER), float(-EXACT_INTEGER))
_BEYOND_SINGLE = (3.5e38, -3.5e38, 1e300, -1e300)
_INFINITE = (float("inf"), float("-inf"))
_ODD = (
    "", " ", "\t\n", "  padded  ", "never seen before", "e\u0301", "\u00e9", "\u0130", "stra\u00dfe",
    "\ufb01", "\u00a0", "\u200b", "\u65e5\u672c\u8a9e", "\U0001f986", "nan", "NaN", "None", "null", "0",
    "a\x00b",
    "word " * 2000,
)  # fmt: skip

Special = tuple[str, Edit]
"""The kind of a row, and the cells that it changes in an ordinary row."""


def special_edits(examples: pa.Table, schema: Schema, rng: np.random.Generator) -> list[Special]:
    """List what to change in ordinary rows: each cell value alone in each column, then in all columns.

    A value that may be refused stands alone in its row, so that a guard that misses one column shows. Only
    nullable columns are missing: the schema refuses the others before any variant sees them.
    """
    columns = schema.columns
    numbers = [column for column in columns if is_number(column)]
    decimals = [column for column in numbers if is_float(column)]
    words = [column for column in columns if column.type == "string"]
    extremes = {column.name: _extremes(column, examples) for column in numbers}
    return [
        *_each("missing", [c for c in columns if c.nullable], lambda _: (None,), rng),
        *_each("nan", [c for c in decimals if c.null != "nan"], lambda _: (float("nan"),), rng),
        *_each("infinite", decimals, _shared_out(_INFINITE, decimals), rng),
        *_each("huge", decimals, _shared_out(_BEYOND_SINGLE, decimals), rng),
        *_each("wide", decimals, lambda _: _WIDE, rng),
        *_each("tiny", decimals, lambda _: _TINY, rng),
        *_each("extreme", numbers, lambda column: extremes[column.name], rng),
        *_each("unseen", words, lambda column: _variations(examples.column(column.name)), rng),
        *(("category", edit) for edit in _every_category(examples, columns)),
        *(("constant", edit) for edit in _constants(numbers)),
    ]


def _each(
    kind: str,
    columns: Sequence[Column],
    values: Callable[[Column], Sequence[Any]],
    rng: np.random.Generator,
) -> Iterator[Special]:
    """Put each value alone into each column, then the first ones, and a random half, into all at once."""
    choices = [(column.name, value) for column in columns for value in values(column)]
    if len(choices) > PER_KIND:
        choices = [choices[i] for i in np.sort(rng.choice(len(choices), PER_KIND, replace=False))]
    for name, value in choices:
        yield kind, {name: value}
    firsts = {column.name: values(column)[0] for column in columns if values(column)}
    if len(firsts) > 1:
        yield kind, firsts
        yield kind, {name: value for name, value in firsts.items() if rng.random() < 0.5}  # noqa: PLR2004 - a half


def _shared_out(values: Sequence[float], columns: Sequence[Column]) -> Callable[[Column], Sequence[float]]:
    """Give few columns all values, many columns one each in turn: each may cost a call of the original."""
    if len(columns) <= _FEW:
        return lambda _: values
    turns = {column.name: (values[turn % len(values)],) for turn, column in enumerate(columns)}
    return lambda column: turns[column.name]


def _extremes(column: Column, examples: pa.Table) -> tuple[Any, ...]:
    """Give a column's least and greatest example, and values beside and beyond them."""
    if column.type == "bool":
        return (False, True)
    values = floats(examples.column(column.name))
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    span = (high - low) or 1.0
    if is_float(column):
        beside = (float(np.nextafter(low, -np.inf)), float(np.nextafter(high, np.inf)))
        return (low, high, *beside, low - span, high + span, low - 1e3 * span, high + 1e3 * span)
    info = np.iinfo(column.type)
    least, greatest = max(int(info.min), -EXACT_INTEGER), min(int(info.max), EXACT_INTEGER)
    wanted = (low, high, low - 1, high + 1, low - span, high + span, 0, 1, -1, least, greatest)
    return tuple(dict.fromkeys(int(value) for value in wanted if least <= value <= greatest))


def _variations(values: pa.ChunkedArray) -> tuple[str, ...]:
    """Give strings that no table of categories should name: odd ones, and near misses of seen ones."""
    seen = sorted({value for value in values.slice(0, 64).to_pylist() if value})[:4]
    near = [
        changed
        for value in seen
        for changed in (
            value.upper(),
            value.lower(),
            f" {value}",
            f"{value}\n",
            value[:-1],
            f"{value} {value}",
        )
    ]
    accented = [value.replace("e", "\u00e9").replace("a", "\u00e4") for value in seen]
    return tuple(dict.fromkeys([*_ODD, *near, *accented]))


def _every_category(examples: pa.Table, columns: Sequence[Column]) -> Iterator[Edit]:
    """Name every category once, the rarest first, a category of each column in one row."""
    named: dict[str, list[Any]] = {}
    for column in columns:
        if column.type not in {"string", "category"}:
            continue
        counts = examples.column(column.name).drop_null().value_counts().to_pylist()
        ranked = [
            item["values"] for item in sorted(counts, key=lambda item: (item["counts"], str(item["values"])))
        ]
        ranked += [value for value in column.categories or () if value not in set(ranked)]
        if len(ranked) <= MOST_CATEGORIES:
            named[column.name] = ranked
    for position in range(max(map(len, named.values()), default=0)):
        yield {name: values[position % len(values)] for name, values in named.items() if values}


def _constants(numbers: Sequence[Column]) -> Iterator[Edit]:
    """Set all numbers to one value: norms vanish, variances too."""
    for value in (0, 1, -1):
        if value >= 0 or all(is_float(column) or column.type.startswith("int") for column in numbers):
            yield {column.name: bool(value) if column.type == "bool" else value for column in numbers}
