"""Columns that came under other names: told by the name, and by how the values are distributed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hythe.bundle.misfit import plain_name
from hythe.bundle.summary import Summary
from hythe.statistics.bins import NumberBins

if TYPE_CHECKING:
    import pyarrow as pa

_GROUPS = 8
_SIMILAR, _ALIKE, _UNLIKE, _CLEARLY = 0.6, 0.85, 0.5, 0.1
"""How similar names are at least; how alike distributions are, of other names, and of similar ones; by how
much the best is more alike than the next."""
MOST = 32
"""So many missing columns are compared with so many unknown ones at most: the first of each."""


class Renamed(NamedTuple):
    """The column `known` of the schema seems to have come as `given`; both measures are from 0 to 1."""

    known: str
    given: str
    name_similarity: float
    likeness: float


def renamed(
    missing: Collection[str], unknown: Mapping[str, pa.Array], features: Mapping[str, Summary]
) -> list[Renamed]:
    """Pair columns that are missing with unknown ones, the best pairs first; each is in one pair at most.

    A pair has one name but for case and signs; or similar names and distributions that are not unlike; or
    distributions that are alike, and clearly more so than any other's. `unknown` has some values of each.
    """
    pairs = sorted(
        (
            Renamed(known, given, name_similarity(known, given), likeness(values, features[known]))
            for known in list(missing)[:MOST]
            if known in features
            for given, values in list(unknown.items())[:MOST]
        ),
        key=lambda pair: -(pair.name_similarity + pair.likeness),
    )
    found: list[Renamed] = []
    for pair in pairs:
        taken = {one.known for one in found} | {one.given for one in found}
        if not {pair.known, pair.given} & taken and _is_renamed(pair, pairs):
            found.append(pair)
    return found


def name_similarity(one: str, other: str) -> float:
    """Compare names without case and signs, from 0 to 1 (Ratcliff & Metzener 1988); one in the other is much.

    >>> name_similarity("tenure", "Tenure_Months"), name_similarity("tenure", "age") < 0.5
    (0.9, True)
    """
    first, second = plain_name(one), plain_name(other)
    if first == second:
        return 1.0
    shorter, longer = sorted((first, second), key=len)
    inside = len(shorter) > 3 and shorter in longer  # noqa: PLR2004 - short ones are in many
    ratio = SequenceMatcher(None, first[:100], second[:100], autojunk=False).ratio()
    return max(0.9, ratio) if inside else ratio


def likeness(values: pa.Array, summary: Summary) -> float:
    """Give the overlap of a baseline's distribution and that of values, in at most eight groups of cells.

    1 for the same shares, 0 for no value in common, and for values of another kind.
    """
    bins = summary.counts.bins
    cells = _counted(values, summary)
    if cells is None or not cells.sum():
        return 0.0
    before = np.asarray(summary.counts.cells, dtype=np.float64)
    shares = before / max(before.sum(), 1.0)
    # neighbouring bins, or values, are put together, so that few rows are enough
    ordered = isinstance(bins, NumberBins)
    group = np.minimum((np.cumsum(shares) - shares / 2) * _GROUPS, _GROUPS - 1).astype(np.int64)
    group[0], group[-1] = _GROUPS, _GROUPS + 1
    if ordered:
        group[1], group[2] = _GROUPS, _GROUPS + 2
    one, other = (np.bincount(group, each, _GROUPS + 3) for each in (shares, cells / cells.sum()))
    return float(np.minimum(one, other).sum())


def _counted(values: pa.Array, summary: Summary) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
    """Count values into the cells of a baseline; None for values of another kind."""
    import pyarrow as pa

    bins = summary.counts.bins
    if not isinstance(bins, NumberBins):
        text = pa.types.is_string(values.type) or pa.types.is_boolean(values.type)
        whole = pa.types.is_integer(values.type) and any(isinstance(value, int) for value in bins.known)
        return bins.count(values) if text or whole else None
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return None
    missing = values.is_null(nan_is_null=True).to_numpy(zero_copy_only=False)
    return bins.count(values.fill_null(0).to_numpy(zero_copy_only=False).astype(np.float64), missing)


def _is_renamed(pair: Renamed, pairs: Iterable[Renamed]) -> bool:
    similar = pair.name_similarity >= _SIMILAR and pair.likeness >= _UNLIKE
    if similar or pair.name_similarity == 1.0:
        return True
    rivals = [
        other.likeness
        for other in pairs
        if other != pair and {other.known, other.given} & {pair.known, pair.given}
    ]
    return pair.likeness >= _ALIKE and pair.likeness - max(rivals, default=0.0) >= _CLEARLY
