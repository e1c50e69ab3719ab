"""Columns read as categories: what each value stands for, by codes of strings or by comparing numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hythe.bundle.feed import FIRST, MISSING, UNSEEN
from hythe.bundle.schema import Scalar
from hythe.compile.graph import Value
from hythe.compile.lowering.frame import CannotLower, Frame, Numbers, Part, Source
from hythe.compile.lowering.lowerer import Lowerer


@dataclass(frozen=True, slots=True)
class Reading:
    """How one column's values fall into groups: `groups[i]` is the group of `categories[i]`.

    `unknown` is the group of every other value, None where they belong to none; with `refuse` they refuse
    the row.
    """

    categories: Sequence[Any]
    groups: Sequence[int]
    unknown: int | None = None
    refuse: bool = False


@dataclass(frozen=True, slots=True)
class Coded:
    """One column after reading: `codes[group]` is its code; every other code is of a value in no group.

    `origin` tells where the codes are: a position among the lowerer's coded columns, or in `numbers`. Codes
    lie below `size`. Where each group of a number has one value, `hits[group]` is its place in the marks
    of `marks` [rows, values].
    """

    codes: dict[int, int]
    size: int
    origin: int
    numbers: Value | None = None
    marks: Value | None = None
    hits: Mapping[int, int] = field(default_factory=dict)


def read(frame: Frame, readings: Sequence[Reading], lowerer: Lowerer) -> list[Coded]:
    """Read each column of `frame`, and refuse the rows that hold unknown values where they must be."""
    if frame.width != len(readings):
        raise CannotLower(f"an encoder of {len(readings)} columns is given {frame.width}")
    parts = [frame.column(index) for index in range(frame.width)]
    read_columns: list[Coded | None] = [None] * len(parts)
    guarded: list[tuple[int, int]] = []
    for index, part in enumerate(parts):
        if isinstance(part, Source):
            read_columns[index] = _read_source(part, readings[index], guarded, lowerer)
    numeric = [index for index, part in enumerate(parts) if isinstance(part, Numbers)]
    if numeric:
        refuse_infinite(frame.select(numeric), lowerer)
        columns = [(parts[index], readings[index]) for index in numeric]
        for index, coded in zip(numeric, _read_numbers(frame, columns, lowerer), strict=True):
            read_columns[index] = coded
    if guarded:
        cells = lowerer.coded_columns([position for position, _ in guarded])
        lowerer.refuse(cells.equals(np.array([code for _, code in guarded])))
    return [coded for coded in read_columns if coded is not None]


def gather(columns: Sequence[Coded], lowerer: Lowerer) -> Value:
    """Read columns' codes together, in order and with repetitions, int64 [rows, len(columns)]."""
    values: list[Value] = []
    for numbers, run in groupby(columns, key=lambda column: column.numbers):
        origins = [column.origin for column in run]
        values.append(lowerer.coded_columns(origins) if numbers is None else numbers.columns(origins))
    return lowerer.graph.concat(values)


def membership(cells: Sequence[tuple[Coded, int]], lowerer: Lowerer) -> Value:
    """Mark for each cell (column, group) whether the row is in that group, float64 [rows, len(cells)]."""
    values: list[Value] = []
    for marks, run in groupby(cells, key=lambda cell: cell[0].marks):
        asked = list(run)
        if marks is not None and all(group in column.hits for column, group in asked):
            values.append(marks.columns([column.hits[group] for column, group in asked]))
            continue
        wanted = np.array([column.codes.get(group, _NEVER) for column, group in asked], dtype=np.int64)
        values.append(gather([column for column, _ in asked], lowerer).equals(wanted).cast(np.float64))
    return lowerer.graph.concat(values)


_NEVER = -9
"""A code that no column has."""


def refuse_infinite(frame: Frame, lowerer: Lowerer) -> None:
    """Refuse ±inf in columns that the original holds as floats; among objects it is a value like others."""
    floats = [index for index in range(frame.width) if _is_float(frame.column(index), lowerer)]
    if floats:
        lowerer.refuse_not_finite(frame.select(floats).numbers(), allow_nan=True)


def _is_float(part: Part, lowerer: Lowerer) -> bool:
    column = lowerer.raw(part)
    return column is None or (column.native != "object" and column.type.startswith("float"))


def missing_mark(part: Part, lowerer: Lowerer) -> str:
    """Tell how the original sees a missing value here: `nan`, `none` or `NA`."""
    if isinstance(part, Source):
        return part.column.null
    column = lowerer.raw(part)
    objects = {"object", "list"} | ({"bool", ""} if column is not None and column.type == "bool" else set())
    return column.null if column is not None and column.native in objects else "nan"


def is_missing(category: Any) -> bool:
    """Tell whether a fitted category stands for missing values."""
    return category is None or (isinstance(category, float) and math.isnan(category))


def plain(category: Any) -> Any:
    """Write a fitted category as a Python value."""
    return category.item() if isinstance(category, np.generic) else category


def _stands_for_missing(category: Any, mark: str) -> bool:
    return is_missing(category) and mark == ("none" if category is None else "nan")


def _read_source(source: Source, reading: Reading, guarded: list[tuple[int, int]], lowerer: Lowerer) -> Coded:
    """Ask for codes in which the values of one group share one code."""
    first: dict[int, Scalar] = {}
    changes: dict[Scalar | None, Scalar] = {}
    missing = reading.unknown
    known_missing = not source.missing
    strings = source.column.type == "string" or isinstance((source.column.categories or ("",))[0], str)
    for category, group in zip(map(plain, reading.categories), reading.groups, strict=True):
        if _stands_for_missing(category, source.column.null):
            missing, known_missing = group, True
        elif isinstance(category, str) == strings and not is_missing(category):
            if group in first:
                changes[category] = first[group]
            else:
                first[group] = category
    codes = {group: FIRST + i for i, group in enumerate(first)}
    if missing is not None:
        if missing in first:
            changes[None] = first[missing]
        else:
            codes[missing] = MISSING
    others = UNSEEN if reading.unknown is None else codes.setdefault(reading.unknown, UNSEEN)
    position, _ = lowerer.coded(source.rename(changes), list(first.values()), others)
    if reading.refuse:
        guarded.extend((position, code) for code in ([UNSEEN] if known_missing else [UNSEEN, MISSING]))
    return Coded(codes, FIRST + len(first), position)


@dataclass(frozen=True, slots=True)
class _Cell:
    """One value of one column of numbers, and its group."""

    column: int
    value: float
    group: int


def _read_numbers(frame: Frame, columns: Sequence[tuple[Part, Reading]], lowerer: Lowerer) -> list[Coded]:
    """Compare each number with its column's categories, and add up the code of the one that it equals."""
    tensor = replace(frame, parts=tuple(part for part, _ in columns), names=None).numbers()
    readings = [reading for _, reading in columns]
    cells = [
        _Cell(index, math.nan if category is None else float(category), group)
        for index, (part, reading) in enumerate(columns)
        for category, group in _numeric(reading, missing_mark(part, lowerer))
    ]
    marks = _marks(tensor, cells)
    unknown = np.array([0 if reading.unknown is None else reading.unknown + 1 for reading in readings])
    weights = np.zeros((len(cells), len(columns)))
    for row, cell in enumerate(cells):
        weights[row, cell.column] = cell.group + 1 - unknown[cell.column]
    codes = (marks @ weights + unknown.astype(np.float64)).cast(np.int64)
    refusing = [index for index, reading in enumerate(readings) if reading.refuse]
    if refusing:
        known = np.array([[float(cell.column == index) for index in refusing] for cell in cells])
        lowerer.refuse((marks @ known).equals(0.0))
    return [_coded(index, reading, cells, codes, marks) for index, reading in enumerate(readings)]


def _numeric(reading: Reading, mark: str) -> Iterator[tuple[Any, int]]:
    """Give the categories that a number can be, with their groups."""
    for category, group in zip(map(plain, reading.categories), reading.groups, strict=True):
        if not isinstance(category, str) and (
            not is_missing(category) or _stands_for_missing(category, mark)
        ):
            yield category, group


def _coded(index: int, reading: Reading, cells: Sequence[_Cell], codes: Value, marks: Value) -> Coded:
    groups = {*reading.groups, *([] if reading.unknown is None else [reading.unknown])}
    own = [(cell.group, place) for place, cell in enumerate(cells) if cell.column == index]
    single = reading.unknown is None and len({group for group, _ in own}) == len(own)
    return Coded(
        {group: group + 1 for group in groups},
        2 + max(groups, default=0),
        index,
        codes,
        marks if single else None,
        dict(own) if single else {},
    )


def _marks(tensor: Value, cells: Sequence[_Cell]) -> Value:
    """Mark which of the cells' values each row holds, float64 [rows, len(cells)]; NaN equals NaN here."""
    wanted: NDArray[np.float64] = np.array([cell.value for cell in cells])
    picked = tensor.cast(np.float64).columns([cell.column for cell in cells])
    marks = picked.equals(wanted)
    nans = np.isnan(wanted)
    if nans.any():
        marks = marks | (picked.is_nan() & tensor.graph.constant(nans))
    return marks.cast(np.float64)
