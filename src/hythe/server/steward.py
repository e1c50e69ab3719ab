"""The steward of a server: it alone asks the catalog, and publishes what all other processes serve.

It looks when it is told that the catalog has changed, and every `look_s` seconds. While the catalog is gone,
what was published last is served on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from hythe.base.clock import Clock, SystemClock
from hythe.base.errors import HytheError
from hythe.dataplane.spec import EndpointSpec, Posting
from hythe.operations.issuers import Issuers
from hythe.operations.keys import key_entries
from hythe.operations.usage import save_usage
from hythe.registry.catalog import Catalog
from hythe.registry.records import PlanRecord
from hythe.runtime.backoff import Backoff, Restarts
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.counters import Counters
from hythe.runtime.limiter import Limiter
from hythe.runtime.log import Log
from hythe.runtime.server_metrics import POSTINGS, REACHABLE
from hythe.security.keys import KeyEntry
from hythe.server.following import Following, Prepare
from hythe.server.leftovers import Leftovers

_RETRY = Backoff(first_s=1.0, most_s=15.0)
_ISSUERS_S = 300.0
_LOG = Log("hythe.steward")


@dataclass(frozen=True, slots=True)
class Memory:
    """What the steward shares with the processes that serve."""

    bulletin: Bulletin
    limiter: Limiter
    counters: Counters


@dataclass(frozen=True, slots=True)
class _Seen:
    plans: dict[str, PlanRecord]
    keys: tuple[KeyEntry, ...]


class Steward:
    """Follows the plans of the endpoints that the bulletin names, and all keys.

    With `follow_all` it follows those of all endpoints in the catalog, also of those made later; one that is
    removed is served no more.
    """

    def __init__(  # noqa: PLR0913 - who it asks, and how often
        self,
        catalog: Catalog,
        memory: Memory,
        prepare: Prepare,
        issuers: Issuers,
        *,
        look_s: float = 1.0,
        follow_all: bool = False,
        clock: Clock | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._catalog = catalog
        self._memory = memory
        self._prepare = prepare
        self._issuers = issuers
        self._look_s = look_s
        self._follow_all = follow_all
        self._clock = clock or SystemClock()
        self._now_s = now_s
        sequence, document = memory.bulletin.read()
        self._posting = Posting.decode(document)
        self._following = {spec.name: self._followed(spec.name, spec) for spec in self._posting.endpoints}
        self._leftovers = Leftovers(memory.bulletin, self._posting.endpoints, self._clock)
        self._keys, self._found_issuers = self._posting.keys, self._posting.issuers
        self._refused: dict[str, tuple[int, str]] = {}
        self._notice = ""
        self._waits = Restarts(_RETRY)
        self._issuers_at = self._clock.monotonic_s()
        self._reachable = memory.counters.gauge(REACHABLE.name)
        self._reachable.add(float(self._posting.catalog_reachable))
        self._postings = memory.counters.gauge(POSTINGS.name)
        self._postings.add(sequence)
        self.asked = asyncio.Event()

    async def run(self) -> None:
        """Look whenever `asked`, and every `look_s` seconds, until cancelled."""
        try:
            while True:
                self.asked.clear()
                pause_s = await self.look()
                try:
                    async with asyncio.timeout(pause_s):
                        await self.asked.wait()
                except TimeoutError:
                    pass
        finally:
            for item in self._following.values():
                item.stop()

    async def look(self) -> float:
        """Ask the catalog, publish what follows; give the seconds until the next look."""
        try:
            seen = await asyncio.to_thread(self._ask)
        except HytheError as err:
            self._unreachable(err)
            return self._waits.died(lived_s=0.0)
        if self._notice:
            _LOG.info("the catalog answers again")
            self._waits = Restarts(_RETRY)
        self._notice, self._keys = "", seen.keys
        await self._refresh_issuers()
        if self._follow_all:
            self._come_and_go(seen.plans)
        for name, item in self._following.items():
            item.look(seen.plans.get(name))
        await asyncio.to_thread(self._tell_refusals)
        self._publish()
        self._leftovers.remove()
        return self._look_s

    def save(self) -> None:
        """Write down what keys have used; the catalog may be gone."""
        try:
            save_usage(self._catalog, self._memory.limiter, self._keys, self._now_s())
        except HytheError as err:
            _LOG.warning("the use of quotas cannot be written down", reason=str(err))

    def _ask(self) -> _Seen:
        with self._catalog.snapshot() as seen:
            plans = {plan.endpoint: plan for plan in seen.plans()}
        keys = key_entries(self._catalog)
        save_usage(self._catalog, self._memory.limiter, keys, self._now_s())
        return _Seen(plans, keys)

    def _followed(self, name: str, spec: EndpointSpec | None = None) -> Following:
        return Following(name, spec, self._prepare, self._clock, self._publish)

    def _come_and_go(self, plans: Collection[str]) -> None:
        """Follow the endpoints that there are now, and these alone."""
        for name in plans:
            if name not in self._following:
                self._following[name] = self._followed(name)
        for name in [name for name in self._following if name not in plans]:
            self._following.pop(name).stop()
            _LOG.info("endpoint removed", endpoint=name)

    def _tell_refusals(self) -> None:
        """Tell the catalog of plans that cannot be followed, so that no rollout waits for them."""
        for name, item in tuple(self._following.items()):
            if item.refused is not None and item.refused != self._refused.get(name):
                try:
                    self._catalog.refusals.tell(name, *item.refused)
                except HytheError as err:
                    _LOG.warning("a refused plan is told later", endpoint=name, reason=str(err))
                    return
                self._refused[name] = item.refused

    def _unreachable(self, err: HytheError) -> None:
        if not self._notice:
            _LOG.error("the catalog does not answer; what stands is served on", reason=str(err))
        self._notice = f"the catalog does not answer, and what stands is served on: {err}"
        self._publish()

    async def _refresh_issuers(self) -> None:
        if self._clock.monotonic_s() < self._issuers_at:
            return
        self._issuers_at = self._clock.monotonic_s() + _ISSUERS_S
        try:
            self._found_issuers = await asyncio.to_thread(self._issuers.refresh)
        except HytheError as err:
            _LOG.error("token issuers cannot be used", reason=str(err))

    def _publish(self) -> None:
        """Publish what stands now; the same again changes nothing."""
        notices = (self._notice, *(item.notice for item in self._following.values()))
        posting = Posting(
            tuple(item.spec for item in self._following.values() if item.spec is not None),
            notices=tuple(notice for notice in notices if notice),
            catalog_reachable=not self._notice,
            keys=self._keys,
            issuers=self._found_issuers,
        )
        if posting == self._posting:
            return
        sequence = self._memory.bulletin.publish(posting.encode())
        self._postings.add(1.0)
        if posting.catalog_reachable != self._posting.catalog_reachable:
            self._reachable.add(1.0 if posting.catalog_reachable else -1.0)
        self._posting = posting
        self._leftovers.published(sequence, posting.endpoints)
