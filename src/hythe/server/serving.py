"""The data plane of one serving process, on the memory that the processes of a server share."""

from __future__ import annotations

import asyncio
import os

from hythe.base.errors import HytheError
from hythe.dataplane.endpoint import Endpoint
from hythe.dataplane.feedback import FeedbackDesk
from hythe.dataplane.gate import Gate
from hythe.dataplane.loop import LoopScheduler
from hythe.dataplane.observe import Ids, Observer
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.sessions import opener
from hythe.dataplane.spec import EndpointSpec, Posting
from hythe.dataplane.turned_away import TurnedAway
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.counters import Counters
from hythe.runtime.fingerprints import InFlight
from hythe.runtime.limiter import Limiter
from hythe.runtime.log import Log
from hythe.runtime.ring import Ring
from hythe.server.worker_spec import WorkerSpec

_LOG = Log("hythe.serving")
_LOOK_S = 0.1
"""How often the bulletin is looked at; looking costs a load from memory."""


class Serving:
    """What one process serves, from the bulletin; `follow` keeps it up to date.

    Where every endpoint of the catalog is served, one that this process cannot load leaves the others alone;
    where certain ones were asked for, the process cannot start without them.
    """

    def __init__(self, spec: WorkerSpec, place: int) -> None:
        memory = spec.descriptors
        self._place = place
        self._bulletin = Bulletin(memory.bulletin)
        self._bulletin.hold(place)
        self._sequence, document = self._bulletin.read()
        self.posting = Posting.decode(document)
        self.counters = Counters(memory.counters, place)
        self.in_flight = InFlight(memory.in_flight, place)
        self.gate = Gate(Limiter(memory.limiter, place), anonymous=spec.anonymous)
        self.gate.update(self.posting.keys, self.posting.issuers)
        self._ring = Ring(memory.rings[place]) if memory.rings else None
        if self._ring is not None:
            self._ring.begin()
        self.turned_away = TurnedAway(self.counters, self._ring)
        self.feedback = FeedbackDesk(self.counters, None if spec.source is None else self._ring)
        self._open, self._told = opener(spec.session), spec
        self._scheduler, self._ids = LoopScheduler(), Ids()
        self._lenient = spec.source is not None and spec.source.follow_all
        self._fault = ""
        first = () if self._lenient else self.posting.endpoints
        self.plane = DataPlane(first, self._endpoint, limits=spec.limits, gate=self.gate)

    @property
    def notices(self) -> tuple[str, ...]:
        """What operators should know: of the whole server, and what this process could not load."""
        return (*self.posting.notices, *filter(None, (self._fault,)))

    async def start(self) -> None:
        """Load the models, and say what is applied; raises Corrupt or Unavailable."""
        if self._lenient:
            await self._apply()
            return
        await self.plane.start()
        self._bulletin.applied(self._place, self._sequence)

    async def follow(self) -> None:
        """Apply what the bulletin says, until cancelled; what cannot be applied leaves what stood."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._bulletin.sequence != self._sequence:
                await self._apply()

    async def close(self) -> None:
        """Give everything back."""
        await self.plane.close()

    async def _apply(self) -> None:
        sequence, document = self._bulletin.read()
        self._fault = ""
        try:
            posting = Posting.decode(document)
            self.gate.update(posting.keys, posting.issuers)
            self.posting = posting
            await self.plane.apply(posting.endpoints)
        except HytheError as err:
            _LOG.error("a change could not be applied", sequence=sequence, reason=str(err))
            self._fault = f"process {os.getpid()} could not load all that it is to serve: {err}"
        self._sequence = sequence
        self._bulletin.applied(self._place, sequence)

    def _endpoint(self, spec: EndpointSpec) -> Endpoint:
        observer = Observer(spec.name, self.counters, self._ring, later=self._scheduler.later)
        policy, limits = self._told.batching, self._told.limits
        return Endpoint(spec, self._open, observer, self._scheduler, self._ids, policy, limits)
