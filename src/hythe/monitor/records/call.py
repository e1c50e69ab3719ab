"""One request, as a serving process tells of it."""

from __future__ import annotations

import msgspec

DEGRADED, CACHED, PART, LATER, SHADOW, RESCUED, SLOWER = 1, 2, 4, 8, 16, 32, 64
"""Flags of a call: answered by a fallback; answered from the cache; one of several parts of a request, whose
rows count here and whose request counts with the last part, which has no such flag; a door wrote the reply
after this record, and tells of it in a `Reply`; a shadow's copy of a request; a failure that the caller never
saw, for another answered: that request has a call of its own; a shadow's copy that took longer than its
champion would have."""
UNSEEN = SHADOW | RESCUED
"""Calls with one of these flags are no request of a caller."""


class Call(msgspec.Struct, array_like=True, gc=False):
    """One request in a batch, or one that never reached a model.

    `id` is the prediction id and `first` the index of the request's row that is first here. `outcome` is
    `answered`, `refused` (the caller's fault) or `failed`; `reason` the error's code. Times are seconds.
    `share` is the arm's share of the traffic when it was chosen, by the plan of `revision`; 0 where nothing
    was left to chance (a version asked for by number, a fallback, a shadow). `key` is the sticky key's hash;
    `status` HTTP's, or gRPC's code, 0 where unknown; `trace` the caller's `traceparent` as it came. `path` is
    told of requests that came to no endpoint, whose layout's is "". Of a shadow's copy `changed` says which
    part of the rows has another label than the champion gave, and `moved` which part another score, in
    thousandths.
    """

    id: str
    rows: int
    outcome: str = "answered"
    reason: str = ""
    duration_s: float = 0.0
    queue_s: float = 0.0
    share: float = 1.0
    key: str = ""
    caller: str = ""
    door: str = ""
    status: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    trace: str = ""
    flags: int = 0
    first: int = 0
    path: str = ""
    revision: int = 0
    changed: int = 0
    moved: int = 0
