"""The first request of each sticky key under each plan: what counts where keys were drawn, not requests.

A key's requests are alike, so only one of them is evidence. A request that has no value of a metric, such as
the latency of one that failed, leaves that metric to the key's next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from hythe.monitor.records.call import PART, SHADOW, Call
from hythe.monitor.records.columns import wide
from hythe.monitor.records.record import BatchRecord
from hythe.monitor.windows.group import Scores

_BITS = {
    "error_rate": 1,
    "refusal_rate": 2,
    "latency": 4,
    "prediction": 8,
    "shadow_errors": 16,
    "disagreement": 32,
    "movement": 64,
}
_ALL_OF_ANSWERED = 15
_MOST_PLANS = 8
_THOUSAND = 1000.0


class KeyOutcome(NamedTuple):
    """The `value` of one metric for one key: that of the request `id`, which was answered at `at_ns` (UTC).

    Rates are 0 or 1, `latency` seconds, all others from 0 to 1.
    """

    id: str
    metric: str
    value: float
    endpoint: str
    version: str
    revision: int
    share: float
    key: str
    at_ns: int


class FirstRequests:
    """Remembers, for each endpoint and revision, which keys have told what; up to `most` keys of each.

    Beyond that the key seen longest ago is forgotten, and tells once more: readers take its first value.
    """

    def __init__(self, most: int = 100_000) -> None:
        self._most = most
        self._told: dict[tuple[str, int], dict[str, int]] = {}

    def take(
        self, records: Sequence[BatchRecord], wanted: Callable[[str], bool], scores: Scores
    ) -> Iterator[KeyOutcome]:
        """Give what the keys in `records` tell for the first time, for the endpoints that are `wanted`."""
        asked = {endpoint for endpoint in {record.layout.endpoint for record in records} if wanted(endpoint)}
        chosen = (
            [record for record in records if record.calls and record.layout.endpoint in asked]
            if asked
            else []
        )
        for at_ns, record, place, call in _in_order(chosen):
            if not call.key or call.flags & PART:
                continue
            copied = bool(call.flags & SHADOW)
            if call.share > 0 or copied:
                keys = self._keys(record.layout.endpoint, call.revision)
                if copied or keys.get(call.key, 0) & _ALL_OF_ANSWERED != _ALL_OF_ANSWERED:
                    yield from self._new(keys, record, place, call, at_ns, scores)

    def _new(
        self, keys: dict[str, int], record: BatchRecord, place: int, call: Call, at_ns: int, scores: Scores
    ) -> Iterator[KeyOutcome]:
        endpoint, version = record.layout.endpoint, record.layout.version
        told = keys.get(call.key, 0)
        values = _values(call)
        if "latency" in values and not told & _BITS["prediction"]:
            values |= _prediction(record, place, scores)
        for name, value in values.items():
            if not told & _BITS[name]:
                yield KeyOutcome(
                    call.id, name, value, endpoint, version, call.revision, call.share, call.key, at_ns
                )
            told |= _BITS[name]
        # An answer without a score leaves none to wait for.
        keys[call.key] = told | _ALL_OF_ANSWERED if "latency" in values else told
        if len(keys) > self._most:
            del keys[next(iter(keys))]

    def _keys(self, endpoint: str, revision: int) -> dict[str, int]:
        found = self._told.get((endpoint, revision))
        if found is None:
            found = self._told[endpoint, revision] = {}
            if len(self._told) > _MOST_PLANS:
                del self._told[next(iter(self._told))]
        return found


def _in_order(records: Sequence[BatchRecord]) -> list[tuple[int, BatchRecord, int, Call]]:
    """Give each call by time: that, its record, its place there and itself."""
    found = [
        (at_ns, record, place, call)
        for record in records
        for place, (at_ns, call) in enumerate(zip(record.moments(), record.calls, strict=True))
    ]
    return sorted(found, key=itemgetter(0))


def _values(call: Call) -> dict[str, float]:
    """Say what one request tells of its key, all but what was predicted."""
    answered = call.outcome == "answered"
    if call.flags & SHADOW:
        compared = {"disagreement": call.changed / _THOUSAND, "movement": call.moved / _THOUSAND}
        return {"shadow_errors": float(not answered), **(compared if answered else {})}
    if call.outcome == "refused":
        return {"refusal_rate": float(call.reason == "invalid")}
    found = {"error_rate": float(not answered), "refusal_rate": 0.0}
    return found | {"latency": call.duration_s} if answered else found


def _prediction(record: BatchRecord, place: int, scores: Scores) -> dict[str, float]:
    """Say what one request of a record was predicted; nothing where it has no score."""
    score = scores(record.layout.endpoint)
    if score is None or not record.outputs:
        return {}
    sizes = wide(record.calls.rows, len(record.calls))
    start = sum(sizes[:place])
    found = score.of_rows(record.outputs, start, start + sizes[place])
    return {} if found is None else {"prediction": found}
