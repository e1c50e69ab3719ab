"""What variation between windows is normal of a version: learned once, for as long as the policy says."""

from __future__ import annotations

from typing import NamedTuple

from hythe.base.clock import DAY_S, minute_of
from hythe.base.errors import Invalid, Unavailable
from hythe.monitor.drift.learning import learn
from hythe.monitor.drift.normal import Normal
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.monitoring.gather import GoOn, read
from hythe.operations.monitoring.versions import Reference
from hythe.registry.catalog import Catalog
from hythe.registry.reports import Learned


class Known(NamedTuple):
    """What is normal, None where nothing is known; `learning` until the time to learn in is over.

    `fresh` is what was learned just now, for whoever stores it.
    """

    normal: Normal | None = None
    learning: bool = False
    note: str = ""
    fresh: Learned | None = None


class Asked(NamedTuple):
    """A version's period, and what is to be known of its like."""

    endpoint: str
    version: str
    reference: Reference
    policy: MonitorPolicy
    period_s: int
    end: int


class Learning:
    """Learns from a version's own windows, and remembers what was learned; it stores nothing."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[tuple[str, str, int], Known] = {}

    def of(self, asked: Asked, go_on: GoOn = lambda: True) -> Known:
        """Give what is normal for a period that ends at second `end` (UTC).

        Raises:
            Corrupt: when what was learned, or a window, cannot be read.
            Unavailable: when `go_on` says that somebody else goes on.

        """
        if not asked.policy.learning_days:
            return Known()
        key = asked.endpoint, _name(asked), asked.period_s
        known = self._known.get(key)
        if known is None:
            kept = self._catalog.reports.learned(*key)
            known = Known(Normal.decode(kept.document)) if kept else self._learn(asked, key, go_on)
        if not known.learning:
            self._known[key] = known._replace(fresh=None)
        return known

    def _learn(self, asked: Asked, key: tuple[str, str, int], go_on: GoOn) -> Known:
        observations = self._catalog.observations
        since = observations.first(asked.endpoint, asked.version)
        if since is None:
            return Known(learning=True)
        until = since + round(asked.policy.learning_days * DAY_S)
        if asked.end <= until:
            return Known(learning=True, note=f"what is normal is being learned until {minute_of(until)} UTC")

        def pause() -> None:
            if not go_on():
                raise Unavailable(f"another process monitors {asked.endpoint!r} now")

        parts = read(observations, asked.endpoint, asked.version, since, until, go_on)
        try:
            normal = learn(
                (window for part in parts for window in part if window.share != 0),
                asked.reference.baseline,
                asked.period_s,
                least_rows=asked.policy.least_rows,
                pause=pause,
            )
        except Invalid as err:
            return Known(note=f"nothing could be learned of what is normal: {err}")
        return Known(normal, fresh=Learned(*key, normal.encode()))


def _name(asked: Asked) -> str:
    """Name what is learned with: the bundle, and for how long, so that other settings learn anew."""
    return f"{asked.reference.digest} {asked.policy.learning_days:g}d {asked.policy.least_rows}"
