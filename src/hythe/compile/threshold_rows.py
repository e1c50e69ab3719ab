"""Rows that stand on the thresholds of trees: in examples that walk there, then many columns at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from hythe.bundle.proof import Coverage
from hythe.bundle.rows import concat, take
from hythe.bundle.schema import ColumnType, Schema
from hythe.compile.cells import floats, from_floats, is_number
from hythe.compile.thresholds import Floats, Rings, SplitPoints, chosen, place, rings, without
from hythe.compile.visits import placed, visits


def reached_rows(
    graph: bytes, names: Sequence[str], examples: pa.Table, schema: Schema, *, seed: int, room: int
) -> pa.Table:
    """Set thresholds in the examples that walk through their nodes; then the next values above them.

    `names` are the columns of the graph's input `numbers`; at most `room` rows hold the thresholds, and as
    many the values above. Of a forest of 100 trees, 17,000 rows reach seven in ten nodes with their exact
    threshold, where thresholds put into any row reach one in forty.
    """
    rng = np.random.default_rng(seed)
    numbers = np.stack([floats(examples.column(name)) for name in names], axis=1)
    bases, on = placed(visits(graph, numbers, rng), numbers, rng, room=room)
    table = take(examples, np.concatenate([bases, bases]))
    assert isinstance(table, pa.Table)  # noqa: S101 - a table's rows are a table
    kinds = {column.name: column.type for column in schema.columns}
    for index, name in enumerate(names):
        base, points = numbers[bases, index], on[:, index]
        sides = _sides(points, kinds[name])
        cells = [np.where(points == base, base, side) for side in sides]
        table = _with(table, name, np.concatenate(cells))
    return table


def _sides(points: Floats, kind: ColumnType) -> tuple[Floats, Floats]:
    """Give the thresholds, as far as a column can hold them, and the next values above.

    In float64 columns every other value above is the next float32, because many trees compare those.
    """
    if not kind.startswith("float"):
        return np.floor(points), np.floor(points) + 1.0
    with np.errstate(over="ignore", under="ignore"):
        nearest = points.astype(np.float32)
        up = np.nextafter(nearest, np.float32(np.inf))
    if kind == "float32":
        return nearest.astype(np.float64), up.astype(np.float64)
    odd = np.arange(points.size) % 2 == 1
    above = np.where(nearest.astype(np.float64) > points, nearest, up).astype(np.float64)
    return points, np.where(odd & np.isfinite(above), above, np.nextafter(points, np.inf))


def threshold_rows(
    examples: pa.Table,
    schema: Schema,
    split_points: SplitPoints,
    rng: np.random.Generator,
    *,
    room: int,
    reached: pa.Table | None = None,
) -> tuple[pa.Table, tuple[Coverage, ...]]:
    """Add to the `reached` rows what they lack: each column's thresholds and neighbours, many columns a row.

    Gives at most `room` rows and how many of the wanted values stand in one.
    """
    wanted = {
        column.name: rings(column, split_points[column.name])
        for column in schema.columns
        if is_number(column) and column.name in split_points
    }
    made = examples.slice(0, 0) if reached is None else reached.slice(0, room)
    lacking = {name: without(values, floats(made.column(name))) for name, values in wanted.items()}
    packed = _packed(examples, lacking, room - made.num_rows, rng)
    table = concat([made, packed])
    assert isinstance(table, pa.Table)  # noqa: S101 - a table's rows are a table
    return table, _coverage(table, wanted)


def _packed(examples: pa.Table, wanted: Mapping[str, Rings], most: int, rng: np.random.Generator) -> pa.Table:
    """Put values into example rows, as many columns at once as there are."""
    needed = max((sum(ring.size for ring in values.values()) for values in wanted.values()), default=0)
    table = take(examples, rng.choice(examples.num_rows, min(needed, most)))
    assert isinstance(table, pa.Table)  # noqa: S101 - a table's rows are a table
    for name, values in wanted.items():
        taken = chosen(values, table.num_rows, rng)
        table = _with(table, name, place(taken, floats(table.column(name)), rng))
    return table


def _coverage(table: pa.Table, wanted: Mapping[str, Rings]) -> tuple[Coverage, ...]:
    tried: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for name, values in wanted.items():
        cells = floats(table.column(name))
        for ring, points in values.items():
            total[ring] += points.size
            tried[ring] += points.size - without({ring: points}, cells)[ring].size
    return tuple(Coverage(ring, tried[ring], total[ring]) for ring in total if total[ring])


def _with(table: pa.Table, name: str, values: Floats) -> pa.Table:
    position = table.schema.get_field_index(name)
    field = table.schema.field(position)
    return table.set_column(position, field, from_floats(values, field.type))
