"""Windows and join records between the catalog, which keeps documents, and those who count and read them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from hythe.base.errors import Corrupt, Invalid
from hythe.monitor.first_requests import KeyOutcome
from hythe.monitor.join import Join
from hythe.monitor.window import Window, coarsen
from hythe.registry.outcomes import OutcomeRecord
from hythe.registry.windows import JoinRecord, Observations, WindowRecord

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
_IN_ONE_GO = 500
_KEPT_ONCE = {"id", "first", "rows", "at_ns", "endpoint", "version", "revision"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """When windows are merged into longer ones, and when windows and join records are removed."""

    minutes_after_s: int = 15 * MINUTE_S
    hours_after_s: int = 2 * DAY_S
    windows_days: int = 90
    joins_days: int = 30

    def __post_init__(self) -> None:
        if not 0 < self.minutes_after_s <= self.hours_after_s or min(self.windows_days, self.joins_days) < 1:
            raise Invalid(
                f"windows are merged after {self.minutes_after_s} and {self.hours_after_s} s and kept for "
                f"{self.windows_days} days, joins for {self.joins_days}; give growing times, and days from 1"
            )


def windows(
    observations: Observations,
    endpoint: str,
    version: str | None = None,
    *,
    since: int | None = None,
    until: int | None = None,
    period_s: int | None = None,
    revisions: Sequence[int] | None = None,
) -> list[Window]:
    """Read an endpoint's windows between two UTC seconds: one for each version, share, revision and time.

    With `revisions`, only those of these revisions of the plan are read; merged ones of several are in none.
    With `period_s` they are merged into periods of that length; one that is stored longer stays longer.

    Raises:
        Corrupt: when a stored window cannot be read.

    """
    records = observations.read(endpoint, version, since=since, until=until, revisions=revisions)
    return coarsen((Window.decode(record.document) for record in records), period_s or 1)


def stored(window: Window) -> WindowRecord:
    """Make a window ready for the catalog."""
    return WindowRecord(
        window.endpoint,
        window.version,
        window.start,
        window.period_s,
        window.encode(),
        revision=window.revision or 0,
    )


def stored_join(join: Join) -> JoinRecord:
    """Make a join record ready for the catalog."""
    rest = {name: value for name, value in msgspec.structs.asdict(join).items() if name not in _KEPT_ONCE}
    document = msgspec.json.encode(rest).decode()
    return JoinRecord(
        join.id, join.first, join.rows, join.at_ns, join.endpoint, join.version, document, join.revision
    )


def stored_outcome(outcome: KeyOutcome) -> OutcomeRecord:
    """Make what a key told ready for the catalog; it is known as soon as it was predicted."""
    return OutcomeRecord(
        outcome.id, 0, outcome.metric, outcome.value, outcome.endpoint, outcome.version, outcome.revision,
        outcome.share, outcome.key, outcome.at_ns, outcome.at_ns,
    )  # fmt: skip


def joined(observations: Observations, ids: Sequence[str]) -> list[Join]:
    """Find what is kept of these predictions (ids of requests, without a row); those not sampled are absent.

    Raises:
        Corrupt: when a stored record cannot be read.

    """
    found = []
    for record in observations.joined(ids):
        known = msgspec.structs.asdict(record)
        try:
            found.append(msgspec.convert({**msgspec.json.decode(known.pop("document")), **known}, Join))
        except msgspec.MsgspecError as err:
            raise Corrupt(f"the join record of {record.id} cannot be read: {err}; remove it") from err
    return found


def tidy(observations: Observations, now: int, retention: Retention) -> int:
    """Merge some windows that are old enough into minutes and hours, and remove what is too old.

    Give how many stored windows became fewer; what another process merged meanwhile is left to it. Called
    each few seconds it keeps up, and one call never takes long.
    """
    merged = 0
    for period_s, after_s in ((MINUTE_S, retention.minutes_after_s), (HOUR_S, retention.hours_after_s)):
        # Whole periods only: a period that is still being written would be merged again and again.
        before = (now - after_s) // period_s * period_s
        fewer, past = 0, 0
        while not fewer and (records := observations.shorter(period_s, before, _IN_ONE_GO, past)):
            fewer, past = _merge(observations, records, period_s), records[-1].id
        merged += fewer
    observations.forget(
        windows_before=now - retention.windows_days * DAY_S, joins_before=now - retention.joins_days * DAY_S
    )
    return merged


def _merge(observations: Observations, records: Iterable[WindowRecord], period_s: int) -> int:
    """Merge windows, an endpoint's version and period at a time."""
    groups: dict[tuple[str, str, int], list[WindowRecord]] = defaultdict(list)
    for record in records:
        groups[record.endpoint, record.version, record.start // period_s].append(record)
    fewer = 0
    for group in groups.values():
        mergeable = {record.id: Window.decode(record.document) for record in group}
        old = [record for record in group if not mergeable[record.id].unknown]
        new = [stored(window) for window in coarsen((mergeable[record.id] for record in old), period_s)]
        if old and observations.replace(old, new):
            fewer += len(old) - len(new)
    return fewer
