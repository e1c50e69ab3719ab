"""One request's way, the same for every door: read and admit, choose an arm, run, observe."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from hythe.base.errors import NotFound
from hythe.bundle.outcome import Answers
from hythe.dataplane.admit import Limits
from hythe.dataplane.endpoint import Endpoint, LiveVersion
from hythe.dataplane.observe import Ids, Meter
from hythe.dataplane.run import run
from hythe.rollout.choose import choose
from hythe.runtime.batch import Batch, RowReader, size
from hythe.runtime.counters import Counters

Read: TypeAlias = Callable[[RowReader], Awaitable[Batch]]
"""How a door reads its request with an endpoint's row reader."""


class Prediction(msgspec.Struct, frozen=True, gc=False):
    """The answers to one request: arrays by output name, the version that gave them, and the id.

    Row `i` of the request has the prediction id `f"{id}:{i}"`.
    """

    id: str
    endpoint: str
    version: LiveVersion
    answers: Answers


class DataPlane:
    """Answers requests for the endpoints of one process."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        counters: Counters,
        limits: Limits | None = None,
        ids: Ids | None = None,
    ) -> None:
        self.endpoints: Mapping[str, Endpoint] = {endpoint.name: endpoint for endpoint in endpoints}
        self.limits = limits or Limits()
        self.counters = counters
        self._ids = ids or Ids()
        self._meters = {name: Meter(counters, name) for name in self.endpoints}

    def endpoint(self, name: str) -> Endpoint:
        """Find an endpoint.

        Raises:
            NotFound: naming the endpoints that there are.

        """
        found = self.endpoints.get(name)
        if found is None:
            raise NotFound(f"there is no endpoint {name!r}; endpoints: {', '.join(self.endpoints)}")
        return found

    async def predict(self, name: str, read: Read, *, version: str | None = None) -> Prediction:
        """Answer one request; every outcome is counted. `version` asks for one version, whatever the plan.

        Raises:
            NotFound, Malformed, TooLarge, Invalid: the caller's faults.
            Busy, Unavailable: when there is no answer now.

        """
        start = time.perf_counter()
        endpoint = self.endpoint(name)
        if version is not None:
            endpoint.version(version)
        meter = self._meters[name]
        chosen = version or ""
        meter.in_flight.add(1.0)
        try:
            batch = await read(endpoint.reader)
            rows = size(batch)
            self.limits.admit_rows(rows)
            prediction_id = self._ids.next()
            chosen = version or choose(endpoint.plan.arms, prediction_id).version
            live = endpoint.versions[chosen]
            answers = await run(live.session, batch, rows, meter, chosen)
        except BaseException as err:
            meter.failed(chosen, err, time.perf_counter() - start)
            raise
        finally:
            meter.in_flight.add(-1.0)
        meter.answered(chosen, time.perf_counter() - start)
        return Prediction(prediction_id, name, live, answers)

    async def start(self) -> None:
        """Load every endpoint; raises Corrupt or Unavailable."""
        for endpoint in self.endpoints.values():
            await endpoint.start()

    async def close(self) -> None:
        """Give everything back."""
        for endpoint in self.endpoints.values():
            await endpoint.close()

    @property
    def ready(self) -> bool:
        """Whether every endpoint would answer now."""
        return all(endpoint.ready for endpoint in self.endpoints.values())
