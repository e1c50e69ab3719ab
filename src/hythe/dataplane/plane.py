"""One request's way, the same for every door: who may ask, which version answers, its rows, the run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from hythe.base.errors import HytheError, NotFound
from hythe.dataplane.admit import Limits
from hythe.dataplane.ask import Ask
from hythe.dataplane.endpoint import Endpoint
from hythe.dataplane.faults import FAULTS
from hythe.dataplane.gate import Gate
from hythe.dataplane.live import LiveVersion
from hythe.dataplane.spec import EndpointSpec
from hythe.dataplane.ticket import Awaited, Prediction, Ticket
from hythe.monitor.records.call import LATER
from hythe.runtime.batch import Batch, RowReader, kind, size

Read: TypeAlias = Callable[[RowReader], Awaitable[Batch]]
"""How a door reads its request with a version's row reader."""
PREDICT = "predict"
_ASK = Ask()


class DataPlane:
    """Answers requests for the endpoints of one process."""

    def __init__(
        self,
        specs: Sequence[EndpointSpec],
        open_endpoint: Callable[[EndpointSpec], Endpoint],
        *,
        limits: Limits | None = None,
        gate: Gate | None = None,
    ) -> None:
        self._open = open_endpoint
        self.endpoints: Mapping[str, Endpoint] = {spec.name: open_endpoint(spec) for spec in specs}
        self.limits = limits or Limits()
        self._gate = gate
        self._leaving: set[asyncio.Task[None]] = set()

    def endpoint(self, name: str) -> Endpoint:
        """Find an endpoint.

        Raises:
            NotFound: naming the endpoints that there are.

        """
        found = self.endpoints.get(name)
        if found is None:
            known = ", ".join(self.endpoints)
            hint = f"endpoints: {known}" if known else f"make one: hythe endpoint create {name} MODEL:VERSION"
            raise NotFound(f"there is no endpoint {name!r}; {hint}")
        return found

    def submit(self, endpoint: Endpoint, ticket: Ticket, read: Callable[[RowReader], Batch]) -> None:
        """Take a ticket; it hears of its outcome exactly once, and every outcome is counted."""
        live = self._enter(endpoint, ticket)
        if live is not None:
            keyed = endpoint.keyed
            try:
                if keyed is None or ticket.ask.version is not None:
                    batch = read(live.reader)
                else:
                    batch = read(keyed.reader)
                    live = keyed.draw(ticket, batch)
                    if live.reader is not keyed.reader:
                        batch = read(live.reader)
            except Exception as err:  # noqa: BLE001 - whatever is wrong with the rows is the ticket's answer
                self._refuse(endpoint, ticket, live, err)
                return
            self._run(endpoint, ticket, live, batch)

    async def predict(
        self,
        name: str,
        read: Read,
        ask: Ask = _ASK,
        *,
        bytes_in: int = 0,
        begun: Callable[[Awaited], None] | None = None,
    ) -> Prediction:
        """Answer one request; a door that is given the ticket by `begun` tells it of its reply.

        Raises:
            NotFound, Malformed, TooLarge, Invalid, Denied: the caller's faults.
            Busy, TimedOut, Unavailable: when there is no answer now, or not in time.

        """
        endpoint = self.endpoint(name)
        ticket = Awaited(ask, name, endpoint.observer)
        ticket.bytes_in = ticket.weight = bytes_in
        if begun is not None:
            ticket.flags = LATER
            begun(ticket)
        live = self._enter(endpoint, ticket)
        if live is not None:
            keyed = endpoint.keyed
            try:
                if keyed is None or ask.version is not None:
                    batch = await read(live.reader)
                else:
                    batch = await read(keyed.reader)
                    live = keyed.draw(ticket, batch)
                    if live.reader is not keyed.reader:
                        batch = await read(live.reader)
            except Exception as err:  # noqa: BLE001 - whatever is wrong with the rows is the ticket's answer
                self._refuse(endpoint, ticket, live, err)
            except BaseException as err:
                ticket.flags = 0  # there will be no reply
                endpoint.observer.failed(ticket, live.spec.version, err)
                raise
            else:
                self._run(endpoint, ticket, live, batch)
        try:
            return await ticket.future
        except asyncio.CancelledError:
            ticket.cancelled = True
            ticket.flags &= ~LATER  # there will be no reply
            raise
        except Exception:
            del ticket.future  # it holds the error, whose traceback holds the ticket
            raise

    def _enter(self, endpoint: Endpoint, ticket: Ticket) -> LiveVersion | None:
        endpoint.observer.entered()
        ticket.id = endpoint.ids.next()
        try:
            if self._gate is not None:
                self._gate.admit(ticket.ask.caller, endpoint.name, PREDICT)
            return endpoint.enter(ticket)
        except Exception as err:  # noqa: BLE001 - whatever stands against it is the ticket's answer
            self._refuse(endpoint, ticket, None, err)
            return None

    def _run(self, endpoint: Endpoint, ticket: Ticket, live: LiveVersion, batch: Batch) -> None:
        rows = size(batch)
        try:
            endpoint.limits.admit_rows(rows)
        except Exception as err:  # noqa: BLE001 - whatever is wrong with the rows is the ticket's answer
            self._refuse(endpoint, ticket, live, err)
            return
        ticket.batch, ticket.rows, ticket.kind = batch, rows, kind(batch)
        live.put(ticket)

    def _refuse(self, endpoint: Endpoint, ticket: Ticket, live: LiveVersion | None, err: Exception) -> None:
        version = "" if live is None else live.spec.version
        fault = FAULTS.spoken(err, endpoint.name, version)
        ticket.refused(fault)
        endpoint.observer.failed(ticket, version, fault)

    async def start(self) -> None:
        """Load every endpoint; raises Corrupt or Unavailable."""
        for endpoint in self.endpoints.values():
            await endpoint.start()

    async def apply(self, specs: Sequence[EndpointSpec]) -> None:
        """Serve these endpoints from now on: what is new is loaded beside the serving path, then switched in.

        Raises:
            Corrupt, Unavailable: when something new cannot be loaded; that endpoint stays as it was, and the
                others follow.

        """
        served, faults = dict(self.endpoints), []
        for spec in specs:
            try:
                served[spec.name] = await self._applied(spec)
            except HytheError as err:
                faults.append(err)
        wanted = {spec.name for spec in specs}
        gone = [endpoint for name, endpoint in served.items() if name not in wanted]
        self.endpoints = {name: endpoint for name, endpoint in served.items() if name in wanted}
        for endpoint in gone:
            task = asyncio.get_running_loop().create_task(endpoint.retire())
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        if faults:
            raise faults[0]

    async def _applied(self, spec: EndpointSpec) -> Endpoint:
        endpoint = self.endpoints.get(spec.name)
        if endpoint is None:
            endpoint = self._open(spec)
            try:
                await endpoint.start()
            except BaseException:
                await endpoint.close()
                raise
        elif endpoint.spec != spec:
            await endpoint.apply(spec)
        return endpoint

    async def close(self) -> None:
        """Give everything back."""
        for endpoint in self.endpoints.values():
            await endpoint.close()

    @property
    def ready(self) -> bool:
        """Whether every endpoint would answer now."""
        return all(endpoint.ready for endpoint in self.endpoints.values())
