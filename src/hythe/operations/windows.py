"""Windows and join records between the catalog, which keeps documents, and those who count and read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hythe.base.errors import Corrupt
from hythe.monitor.outcomes.first_requests import KeyOutcome
from hythe.monitor.outcomes.join import Join
from hythe.monitor.windows.window import Window, coarsen
from hythe.registry.outcomes import OutcomeRecord
from hythe.registry.windows import JoinRecord, Observations, WindowRecord

_KEPT_ONCE = {"id", "first", "rows", "at_ns", "endpoint", "version", "revision"}


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


def ahead(found: Iterable[Window], now: int, slack_s: int = 2) -> str:
    """Say whether windows begin more than `slack_s` seconds after `now` (UTC seconds); "" where none does.

    They are kept and counted like all others; only their time is doubtful.

    >>> ahead([Window("churn", "1.0.0", 100), Window("churn", "1.0.0", 700)], now=100)[:46]
    '1 windows of churn begin up to 600 s from now:'
    """
    later = [window for window in found if window.start > now + slack_s]
    if not later:
        return ""
    by_s = max(window.start for window in later) - now
    return (
        f"{len(later)} windows of {later[0].endpoint} begin up to {by_s:,} s from now: the clock of a server "
        "is ahead of this one; set both right (NTP). They are looked at when that time comes"
    )


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
