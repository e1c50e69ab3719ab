"""Where each feature of a baseline can be read in what a model is fed, and what has to be read beside it.

A variant's input need not tell all that the baseline counts: its tables give several categories one code, it
rounds, leaves columns out, and a native model has no tensors at all. `observing` says what is missing, as a
feed of its own, which costs a row only what the variant does not tell already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hythe.bundle.baseline import Baseline
from hythe.bundle.feed import FIRST, Coded, Feed
from hythe.bundle.schema import Column, Scalar, Schema
from hythe.monitor.records.observing import CODES, NUMBERS, TIMES, Observing
from hythe.statistics.bins import ValueBins, hashed


@dataclass(frozen=True, slots=True)
class Source:
    """Where a feature is: column `place` of the array `array`, or all of it; codes are named by `coded`."""

    array: str
    place: int | None
    coded: Coded | None = None


def observing(schema: Schema, baseline: Baseline, feed: Feed | None = None) -> Observing:
    """Say what has to be read beside a variant's `feed` (None: a native model) for all of the baseline.

    Text that is hashed in the baseline and has no closed set of categories cannot be counted, for nobody
    knows which values the hashes are of; it is left out.
    """
    told = {name for name, _ in _sources(schema, baseline, feed or Feed(), ("numbers", "codes"))}
    wanted = [column for column in schema.columns if column.name in baseline.features]
    rest = [column for column in wanted if column.name not in told]
    numbers = [column for column in rest if _is_number(column)]
    return Observing(
        Feed(
            numbers=tuple(column.name for column in numbers),
            single=tuple(column.name for column in numbers if column.type == "float32"),
            codes=tuple(coded for column in rest if (coded := _coded(column, baseline)) is not None),
        ),
        tuple(column.name for column in rest if column.type == "timestamp"),
    )


def sources(schema: Schema, baseline: Baseline, feed: Feed | None, beside: Observing) -> dict[str, Source]:
    """Find every feature of the baseline in a record's input arrays."""
    found = dict(_sources(schema, baseline, beside.feed, (NUMBERS, CODES)))
    found.update(_sources(schema, baseline, feed or Feed(), ("numbers", "codes")))
    found.update({name: Source(TIMES, place) for place, name in enumerate(beside.times)})
    found.update({item.name: Source(item.name, None) for item in schema.tensors})
    return {name: source for name, source in found.items() if name in baseline.features}


def _sources(
    schema: Schema, baseline: Baseline, feed: Feed, arrays: tuple[str, str]
) -> Iterator[tuple[str, Source]]:
    columns = {column.name: column for column in schema.columns if column.name in baseline.features}
    for place, name in enumerate(feed.numbers):
        if name in columns and _is_number(columns[name]):
            yield name, Source(arrays[0], place)
    for place, coded in enumerate(feed.codes):
        if coded.name in columns and _distinguishes(coded, baseline.features[coded.name].counts.bins):
            yield coded.name, Source(arrays[1], place, coded)


def codes_of(coded: Coded) -> Sequence[int]:
    """Give the code of each of a table's values."""
    return coded.codes or range(FIRST, FIRST + len(coded.values))


def cells_by_code(bins: ValueBins, coded: Coded) -> dict[int, int]:
    """Say which cells the codes of a table belong to; one that is left out belongs to the last cell.

    >>> cells_by_code(ValueBins(("gold", "tin")), Coded("plan", ("tin", "lead", "gold"), (2, 3, 4), 0, 1))
    {0: 0, 2: 2, 4: 1}
    """
    places = {value: place for place, value in enumerate(bins.known, start=1)}
    found = {coded.missing: 0}
    for value, code in zip(coded.values, codes_of(coded), strict=True):
        place = places.get(hashed(value, bins.key) if bins.key else value)
        if place is not None:
            found[code] = place
    return found


def flags(bins: ValueBins) -> dict[int, int]:
    """Say which cells 0 and 1 of a boolean column belong to.

    >>> flags(ValueBins((True, False))), flags(ValueBins((hashed(True, "paid"),), "paid"))
    ({0: 2, 1: 1}, {1: 1})
    """
    places = {value: place for place, value in enumerate(bins.known, start=1)}
    names = {flag: hashed(bool(flag), bins.key) if bins.key else bool(flag) for flag in (0, 1)}
    return {flag: places[name] for flag, name in names.items() if name in places}


def _distinguishes(coded: Coded, bins: object) -> bool:
    """Tell whether a code says which cell a value belongs to."""
    if not isinstance(bins, ValueBins):
        return False
    cells: dict[int, object] = {coded.missing: None}
    known = set(bins.known)
    named = {hashed(value, bins.key) if bins.key else value for value in coded.values}
    if not known <= named or cells.setdefault(coded.unseen, "") != "":
        return False
    for value, code in zip(coded.values, codes_of(coded), strict=True):
        name = hashed(value, bins.key) if bins.key else value
        cell = (name,) if name in known else ""
        if cells.setdefault(code, cell) != cell:
            return False
    return True


def _coded(column: Column, baseline: Baseline) -> Coded | None:
    """Make a table that tells the cells of a text column apart; None where there can be none."""
    bins = baseline.features[column.name].counts.bins
    if not isinstance(bins, ValueBins) or column.type == "bool":
        return None
    # A closed set is told whole: the prediction log wants values too that the baseline has not seen.
    values: tuple[Scalar, ...] | None = column.categories
    if values is None and not bins.key:
        values = bins.known
    return None if values is None else Coded(column.name, values)


def _is_number(column: Column) -> bool:
    return column.type not in {"string", "category", "timestamp"}
