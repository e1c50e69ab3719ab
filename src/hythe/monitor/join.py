"""What is kept of a sampled prediction, so that its true outcome can be joined to it later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from hythe.monitor.record import DEGRADED, BatchRecord

MOST_VALUES = 64
"""An output with more values than this in a row is left out."""


class Join(msgspec.Struct, frozen=True, gc=False):
    """One answered request: `rows` rows from index `first`, each with its values in `outputs`.

    Row `i` of it has the prediction id `f"{id}:{first + i}"`. `share` is the arm's share of the traffic when
    it was chosen, `key` the sticky key's hash or "", `at_ns` UTC.
    """

    id: str
    first: int
    rows: int
    at_ns: int
    endpoint: str
    version: str
    share: float
    key: str
    degraded: bool
    outputs: dict[str, list[Any]]


def sampled(identity: str, share: float) -> bool:
    """Tell whether a prediction id is in the sample: the first 64 bits of its BLAKE2b below `share`.

    Whoever knows the id and the share can tell as well, in any process and at any time.

    >>> sampled("017f22e2-79b0-7000-8000-000000000000", 1.0), sampled("…", 0.0)
    (True, False)
    """
    digest = blake2b(identity.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2.0**64


def joins(records: Sequence[BatchRecord], share: float) -> Iterator[Join]:
    """Give the joins of the sampled requests that were answered by a model."""
    if share <= 0:
        return
    for record in records:
        if not record.outputs:
            continue
        start = 0
        for call in record.calls:
            end = start + call.rows
            if call.outcome == "answered" and (share >= 1 or sampled(call.id, share)):
                yield Join(
                    call.id,
                    call.first,
                    call.rows,
                    record.at_ns,
                    record.layout.endpoint,
                    record.layout.version,
                    call.share,
                    call.key,
                    bool(call.flags & DEGRADED),
                    _values(record, start, end),
                )
            start = end


def _values(record: BatchRecord, start: int, end: int) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, values in record.outputs.items():
        if isinstance(values, list):
            found[name] = values[start:end]
        elif values[:1].size <= MOST_VALUES:
            found[name] = values[start:end].tolist()
    return found
