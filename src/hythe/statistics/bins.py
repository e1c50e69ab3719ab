"""Fixed bins: quantile bins for numbers, top values for the rest, with cells for all that falls outside."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

Cells: TypeAlias = NDArray[np.int64]
Value: TypeAlias = str | int | float | bool
Scalars: TypeAlias = "pa.Array | pa.ChunkedArray | NDArray[Any] | Sequence[Any]"
MOST_BINS = 64
_HASH_BYTES = 8


class NumberBins(msgspec.Struct, frozen=True, tag_field="kind", tag="numbers"):
    """Half-open bins [lefts[i], lefts[i+1]), the last one closed: [lefts[-1], high].

    Cells: 0 missing, 1 NaN, 2 below the first bin, then the bins, and last above the last bin; infinities
    are below or above. `high` is None where there are no bins, and all numbers are below.

    >>> bins = NumberBins((0.0, 10.0), 20.0)
    >>> bins.count(np.array([-1, 0, 9.9, 10, 20, 20.1, np.nan, np.inf])).tolist()
    [0, 1, 1, 2, 2, 2]
    """

    lefts: tuple[float, ...]
    high: float | None = None

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return len(self.lefts) + 3 + (self.high is not None)

    def count(self, values: NDArray[Any], missing: NDArray[np.bool_] | None = None) -> Cells:
        """Count numbers into cells; where `missing` is true the value means nothing."""
        present = values if missing is None else values[~missing]
        # sorting, which numpy does with vector instructions, and then looking the few borders up takes a
        # fifth of the time of looking each value up among the borders
        return self.count_ordered(np.sort(present), len(values) - len(present))

    def count_ordered(self, ordered: NDArray[Any], missing: int = 0) -> Cells:
        """Count numbers that stand in ascending order, NaN last, beside `missing` ones."""
        numbers = np.searchsorted(ordered, np.inf, side="right")
        cuts = cuts_of(self)
        ends = np.zeros(len(cuts) + 2, dtype=np.int64)
        ends[1:-1], ends[-1] = np.searchsorted(ordered, cuts), numbers
        cells = np.empty(len(cuts) + 3, dtype=np.int64)
        cells[0], cells[1] = missing, len(ordered) - numbers
        np.subtract(ends[1:], ends[:-1], out=cells[2:])
        return cells


@lru_cache(maxsize=4096)
def cuts_of(bins: NumberBins) -> NDArray[np.float64]:
    """Give the least number of each bin, and last the least above them all."""
    if bins.high is None:
        return np.empty(0)
    return np.array([*bins.lefts, math.nextafter(bins.high, math.inf)])


def quantile_bins(values: NDArray[Any], most: int = MOST_BINS) -> NumberBins:
    """Make at most `most` bins that hold about equally many of the finite `values`.

    With at most `most` distinct values each gets a bin of its own; else the (at most `most`/4) values that
    alone would fill a bin get one, and the others share the rest. Borders are values that occur, so the bins
    do not depend on the order of the values, nor on how a quantile is interpolated.

    >>> quantile_bins(np.array([3.0, 1.0, 2.0, 2.0]))
    NumberBins(lefts=(1.0, 2.0, 3.0), high=3.0)
    """
    ordered = np.sort(values[np.isfinite(values)]).astype(np.float64)
    if not ordered.size:
        return NumberBins(())
    lefts, times = np.unique(ordered, return_counts=True)
    if lefts.size > most:
        lefts = _shared_out(ordered, lefts, times, most)
    # adding zero makes -0.0 plain zero, so that equal values are written alike
    return NumberBins(tuple((lefts + 0.0).tolist()), float(ordered[-1] + 0.0))


def _shared_out(
    ordered: NDArray[np.float64], distinct: NDArray[np.float64], times: NDArray[np.intp], most: int
) -> NDArray[np.float64]:
    """Choose left borders: one at and one behind each heavy value, the others at quantiles of the rest."""
    heaviest = np.argsort(-times, kind="stable")[: most // 4]
    heavy = heaviest[times[heaviest] * most > ordered.size]
    behind = distinct[np.minimum(heavy + 1, distinct.size - 1)]
    rest = ordered[~np.isin(ordered, distinct[heavy])]
    room = most - 2 * heavy.size
    quantiles = rest[np.arange(room) * rest.size // room]
    return np.unique(np.concatenate([distinct[heavy], behind, quantiles]))


class ValueBins(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="values"):
    """A cell for each of the `known` values. Cells: 0 missing, then the values, and last all other values.

    With a `key` the known values are keyed hashes of the real ones (see `hashed`), and what is counted is
    hashed before it is looked up.

    >>> ValueBins(("gold", "silver")).count(["gold", None, "tin", "gold"]).tolist()
    [1, 2, 0, 1]
    """

    known: tuple[Value, ...]
    key: str = ""

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return len(self.known) + 2

    def count(self, values: Scalars) -> Cells:
        """Count scalars into cells; null and None are missing."""
        found = np.zeros(self.cells, dtype=np.int64)
        places = _places(self)
        for value, times in frequencies(values):
            if value is None:
                found[0] += times
            else:
                found[places.get(hashed(value, self.key) if self.key else value, -1)] += times
        return found


@lru_cache(maxsize=4096)
def _places(bins: ValueBins) -> dict[Value, int]:
    return {value: place for place, value in enumerate(bins.known, start=1)}


def top_values(values: Scalars, most: int = MOST_BINS, *, key: str = "") -> ValueBins:
    """Make cells for the `most` frequent values; equally frequent ones in the order of their text.

    >>> top_values(["b", "a", "b", "c"], most=2).known
    ('b', 'a')
    """
    present = [(value, times) for value, times in frequencies(values) if value is not None]
    present.sort(key=lambda pair: (-pair[1], str(pair[0])))
    chosen = [value for value, _ in present[:most]]
    return ValueBins(tuple(hashed(value, key) for value in chosen) if key else tuple(chosen), key)


def frequencies(values: Scalars) -> Iterable[tuple[Any, int]]:
    """Count each distinct value; missing is None."""
    import pyarrow as pa

    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values)
    found = array.value_counts()
    pairs = zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True)
    return [(value, int(times)) for value, times in pairs]


def hashed(value: Value, key: str) -> str:
    """Hash a value with a key (BLAKE2b, 64 bits), so that it can be counted and not be read.

    A hash hides a value only as well as the value is hard to guess.

    >>> hashed("Ana", "name") == hashed("Ana", "name") != hashed("Ana", "town")
    True
    """
    return hashlib.blake2b(str(value).encode(), key=key.encode()[:64], digest_size=_HASH_BYTES).hexdigest()


Bins: TypeAlias = NumberBins | ValueBins
