"""A live endpoint: which version answers a request now; versions come and go while requests run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from hythe.base.errors import HytheError, NotFound
from hythe.bundle.schema import Schema
from hythe.dataplane.admit import Limits
from hythe.dataplane.bounds import batch_policy, request_limits
from hythe.dataplane.fallback import fall_back
from hythe.dataplane.faults import FAULTS
from hythe.dataplane.live import LiveVersion
from hythe.dataplane.loop import Loop
from hythe.dataplane.observe import Ids, Observer
from hythe.dataplane.resting import Resting
from hythe.dataplane.routing import Routing
from hythe.dataplane.shadow.lane import Around
from hythe.dataplane.shadow.shadows import Shadows
from hythe.dataplane.spec import EndpointSpec, VersionSpec
from hythe.dataplane.ticket import Ticket
from hythe.dataplane.warm_up import warm_up
from hythe.rollout.plan import Plan
from hythe.runtime.batch import RowReader, reader
from hythe.runtime.batch_policy import BatchPolicy
from hythe.runtime.session import Session

Open = Callable[[VersionSpec, RowReader], Session]
"""Makes the session of a version; it is started before it answers."""
_IDLE_CHECK_S = 0.05


class Endpoint:
    """Where requests for one name go; `start` loads every version before the first request.

    `keyed` finds the sticky key of a request in its rows, None where the plan does not ask for one there.
    """

    def __init__(
        self,
        spec: EndpointSpec,
        open_session: Open,
        observer: Observer,
        scheduler: Loop,
        ids: Ids | None = None,
        policy: BatchPolicy | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.name = spec.name
        self.spec = spec
        self.observer = observer
        self._open = open_session
        self._scheduler = scheduler
        self.ids = ids or Ids()
        self._policy = policy or BatchPolicy()
        self._server_limits = self.limits = limits or Limits()
        self._readers: dict[Schema, RowReader] = {}
        self._shadows: Shadows | None = None
        self._unloaded: set[LiveVersion] = set()
        self._route(spec, {item.version: self._live(item) for item in spec.versions})
        self._retiring: set[asyncio.Task[None]] = set()
        self._resting = Resting(scheduler, self._retire)

    @property
    def plan(self) -> Plan:
        """The plan in force."""
        return self._routing.plan

    @property
    def versions(self) -> Mapping[str, LiveVersion]:
        """The versions that answer, by number."""
        return self._routing.versions

    @property
    def ready(self) -> bool:
        """Whether every arm of the plan would answer now."""
        versions = self._routing.versions
        return all(versions[arm.version].session.ready for arm in self._routing.plan.arms if arm.weight)

    def version(self, number: str) -> LiveVersion:
        """Find a version of this endpoint.

        Raises:
            NotFound: naming the versions that there are.

        """
        found = self._routing.versions.get(number)
        if found is None:
            known = ", ".join(self._routing.versions)
            raise NotFound(f"endpoint {self.name!r} does not serve version {number!r}; versions: {known}")
        return found

    def enter(self, ticket: Ticket) -> LiveVersion:
        """Give the version that answers a ticket, which is bounded by the plan; raises NotFound, TooLarge."""
        ask, limits = ticket.ask, self.limits
        if ticket.bytes_in > limits.body_bytes:
            limits.admit_bytes(ticket.bytes_in)
        latest_s = ticket.started_s + limits.timeout_s
        ticket.deadline_s = min(ticket.deadline_s, latest_s)
        routing = self._routing
        ticket.revision = routing.revision
        if ask.version is not None:
            ticket.share = 0.0
            return self.version(ask.version)
        return routing.lone or routing.draw(ticket)

    async def start(self) -> None:
        """Load every version; raises Corrupt or Unavailable, but not for one that is only a shadow."""
        for live in self._lives.values():
            await self._load(live, self.spec)

    async def apply(self, spec: EndpointSpec) -> None:
        """Follow a new spec: load what is new beside the serving path, switch, then let what is old rest.

        Raises:
            Corrupt, Unavailable: when a new version cannot be loaded; nothing has changed then.

        """
        before = self._lives
        kept = {
            number: live
            for number, live in before.items()
            if live.spec in spec.versions and live not in self._unloaded
        }
        missing = [item for item in spec.versions if item.version not in kept]
        rested = {item.version: live for item in missing if (live := self._resting.take(item)) is not None}
        fresh = {item.version: self._live(item) for item in missing if item.version not in rested}
        try:
            for live in fresh.values():
                await self._load(live, spec)
        except BaseException:
            for live in fresh.values():
                await live.close()
            for live in rested.values():
                self._resting.put(live)
            raise
        self._route(spec, {**kept, **rested, **fresh})
        self.spec = spec
        self._unloaded &= {*self._lives.values()}
        for number, live in before.items():
            if number not in kept:
                self._resting.put(live)

    async def retire(self) -> None:
        """Let the last requests have their answers, then give everything back."""
        self._resting.close()
        self._follow_shadows(None)
        for version in self._lives.values():
            await _close_when_idle(version)
        self.observer.close()

    async def close(self) -> None:
        """Give everything back."""
        self._resting.close()
        self._follow_shadows(None)
        await asyncio.gather(*self._retiring)
        for version in self._lives.values():
            await version.close()
        self.observer.close()

    def _route(self, spec: EndpointSpec, versions: Mapping[str, LiveVersion]) -> None:
        """Go by the plan of a spec from now on."""
        plan, self._lives = spec.plan, versions
        hidden = _only_shadows(plan)
        self._routing = Routing(spec, {n: live for n, live in versions.items() if n not in hidden})
        self.keyed = self._routing.keyed
        self.limits = request_limits(self._server_limits, plan.limits)
        policy = batch_policy(self._policy, plan.limits)
        for live in versions.values():
            live.batcher.follow(policy)
            live.keep_answers(plan.cache)
        around = Around(self.observer, self._scheduler)
        self._follow_shadows(Shadows(spec, versions, around, self.limits.timeout_s) if plan.shadows else None)

    def _follow_shadows(self, shadows: Shadows | None) -> None:
        """Have copies go to these from now on; what waits for those before is dropped."""
        if self._shadows is not None:
            self._shadows.close()
        self._shadows = shadows
        for live in self._lives.values():
            live.shadows = shadows

    async def _load(self, live: LiveVersion, spec: EndpointSpec) -> None:
        """Load a version; one that is only a shadow may fail, as no caller needs it: its copies fail then."""
        try:
            await _ready(live, spec)
        except HytheError as err:
            if live.spec.version not in _only_shadows(spec.plan):
                raise
            self._unloaded.add(live)
            FAULTS.tell(err, endpoint=self.name, version=live.spec.version)

    def _live(self, item: VersionSpec) -> LiveVersion:
        rows = self._readers.get(item.schema)
        if rows is None:
            rows = self._readers[item.schema] = reader(item.schema)
        live = LiveVersion(item, rows, self._open(item, rows), self.observer, self._scheduler, self._policy)
        live.fell_back = self._fall_back
        return live

    def _fall_back(self, ticket: Ticket) -> bool:
        routing = self._routing
        return fall_back(routing.plan, routing.versions, ticket, self.observer)

    def _retire(self, live: LiveVersion) -> None:
        task = asyncio.get_running_loop().create_task(_close_when_idle(live))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)


def _only_shadows(plan: Plan) -> set[str]:
    """Name the versions that answer no caller."""
    return {item.version for item in plan.shadows} - {arm.version for arm in plan.arms} - {*plan.fallback}


async def _ready(live: LiveVersion, spec: EndpointSpec) -> None:
    """Load a version and have it answer once, away from the traffic."""
    await live.session.start()
    await warm_up(live, spec.example)


async def _close_when_idle(live: LiveVersion) -> None:
    while not live.idle:  # noqa: ASYNC110 - an old version may take its time to leave
        await asyncio.sleep(_IDLE_CHECK_S)
    await live.close()
