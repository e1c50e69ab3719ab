"""Which differences between a version and its shadow a process tells of, and what it tells."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import msgspec

from hythe.bundle.outcome import Answers
from hythe.bundle.schema import Schema
from hythe.runtime.batch import Batch, RowReader

if TYPE_CHECKING:
    from hythe.dataplane.live import LiveVersion

Kind: TypeAlias = Literal["changed", "moved", "failed"]
"""Another label; a score that moved by more than the margin; no answer."""
MOST = 20
"""How many are kept of one shadow under one plan."""
MOST_BYTES = 16 * 2**10
"""A document that is longer goes without the row's features."""
_MOST_CELLS = 64
_encode = msgspec.json.Encoder(enc_hook=str).encode


class Worst:
    """Lets a difference pass that is worse than one of the 20 worst before it.

    So there are few of them however many requests differ: of n in random order about 20 (1 + ln(n / 20)).

    >>> worst = Worst(most=2)
    >>> [worst.takes(size) for size in (0.1, 0.5, 0.2, 0.2, 0.1, 0.9)]
    [True, True, True, False, False, True]
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._sizes: list[float] = []

    def takes(self, size: float) -> bool:
        """Tell whether a difference of this size is to be told of, and remember it if so."""
        if len(self._sizes) < self._most:
            heapq.heappush(self._sizes, size)
            return True
        if size <= self._sizes[0]:
            return False
        heapq.heapreplace(self._sizes, size)
        return True


class Told(NamedTuple):
    """What is told of one row: what both answered (the shadow nothing where it failed) and the row itself."""

    kind: Kind
    row: int
    champion: str
    answer: Mapping[str, Any]
    shadow_answer: Mapping[str, Any] | None
    features: Mapping[str, Any]
    reason: str = ""

    def encode(self) -> str:
        """Write JSON; what is too long goes without the row's features."""
        told = self._asdict()
        data = _encode(told)
        if len(data) > MOST_BYTES:
            data = _encode({**told, "features": {}, "left_out": "the row is too long"})
        return data.decode()


def labelled(live: LiveVersion, answers: Answers, row: int) -> Mapping[str, Any]:
    """Give the answer to one row as clients see it."""
    return live.label({name: array[row : row + 1] for name, array in answers.items()})[0]


def features(rows: RowReader, batch: Batch, row: int, sensitive: Collection[str]) -> dict[str, Any]:
    """Give the cells of a row of a batch that `rows` read, without sensitive columns and large tensors."""
    if isinstance(batch, list):
        cells = {name: getattr(batch[row], attribute) for name, attribute in rows.fields.items()}
    elif isinstance(batch, Mapping):
        arrays = {name: array[row] for name, array in batch.items()}
        cells = {name: array.tolist() for name, array in arrays.items() if array.size <= _MOST_CELLS}
    else:
        cells = batch.slice(row, 1).to_pylist()[0]
    return {name: cell for name, cell in cells.items() if name not in sensitive}


def sensitive(*schemas: Schema) -> frozenset[str]:
    """Name the columns that any of the versions calls sensitive."""
    return frozenset(column.name for schema in schemas for column in schema.columns if column.sensitive)
