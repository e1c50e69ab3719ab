"""One endpoint's plan, followed: what is new in it is prepared, and it counts when all of it is ready."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import msgspec

from hythe.base.clock import Clock
from hythe.base.errors import HytheError, Invalid
from hythe.dataplane.spec import EndpointSpec, NativeFiles
from hythe.operations.prepared import Prepared
from hythe.registry.records import PlanRecord
from hythe.rollout.plan import Plan
from hythe.runtime.backoff import Backoff, Restarts
from hythe.runtime.log import Log
from hythe.server.prepare import Ready, Refused

_LOG = Log("hythe.steward")
_KEPT = 16
"""How many versions of an endpoint are remembered as ready."""

Prepare: TypeAlias = Callable[[str, str], Awaitable[Ready | Refused]]
"""Prepares the version that a ref names, which must have a digest unless that is empty."""


class Following:
    """Keeps `spec` what the endpoint `name` is to serve, None before anything of it is ready.

    `notice` says why it is not what the catalog says, and `refused` is the revision that it cannot become,
    with the reason. `changed` is called when any is another.
    """

    def __init__(
        self,
        name: str,
        spec: EndpointSpec | None,
        prepare: Prepare,
        clock: Clock,
        changed: Callable[[], None],
    ) -> None:
        self.name = name
        self.spec = spec
        self.notice = ""
        self.refused: tuple[int, str] | None = None
        self._prepare = prepare
        self._ready = {} if spec is None else _served(spec)
        self._clock = clock
        self._changed = changed
        self._tried: int | None = None
        self._again_at: float | None = None
        self._waits = Restarts(Backoff(first_s=1.0, most_s=60.0))
        self._task: asyncio.Task[None] | None = None

    def look(self, record: PlanRecord | None) -> None:
        """Compare with the plan that stands in the catalog now."""
        if record is None:
            self._tell(f"endpoint {self.name!r} has no plan any more; what it served is served on")
        elif record.revision != self._tried or self._due():
            self.stop()
            self._tried, self._again_at = record.revision, None
            self._begin(record)

    def stop(self) -> None:
        """Give up what is being prepared."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _due(self) -> bool:
        return self._again_at is not None and self._clock.monotonic_s() >= self._again_at

    def _begin(self, record: PlanRecord) -> None:
        try:
            plan = msgspec.convert(record.document, Plan)
        except (msgspec.ValidationError, HytheError) as err:
            self.refused = (record.revision, str(err))
            self._tell(f"the plan of {record.endpoint!r} at revision {record.revision} is wrong: {err}")
            return
        if self.spec is not None and plan == self.spec.plan:
            self._put_again(self.spec, record.revision)
        else:
            self._task = asyncio.create_task(self._switch(plan, record.revision))

    def _put_again(self, spec: EndpointSpec, revision: int) -> None:
        """Follow a plan that is what is served: observations are told apart by its revision."""
        if revision != spec.revision:
            self.spec = msgspec.structs.replace(spec, revision=revision)
            self._changed()
        self._tell("")

    async def _switch(self, plan: Plan, revision: int) -> None:
        """Switch to the plan when all its versions are ready, else say why not."""
        prepared: list[Prepared] = []
        model = plan.model or self.name
        for number, digest in plan.digests.items():
            found = self._known(model, number, digest) or await self._made_ready(model, number, digest)
            if isinstance(found, Refused):
                self._refuse(found, revision)
                return
            prepared.append(found)
        self._remember(prepared)
        versions = tuple(item.version for item in prepared)
        try:
            self.spec = EndpointSpec(self.name, plan, versions, prepared[0].example, revision)
        except Invalid as err:
            self._refuse(Refused(str(err), again=False), revision)
            return
        self.notice = ""
        _LOG.info("plan switched in", endpoint=self.name, revision=revision)
        self._changed()

    async def _made_ready(self, model: str, number: str, digest: str) -> Prepared | Refused:
        outcome = await self._prepare(f"{model}:{number}", digest)
        if isinstance(outcome, Refused):
            return outcome
        for notice in outcome.prepared.notices:
            _LOG.info("version prepared", endpoint=self.name, version=number, notice=notice)
        return outcome.prepared

    def _known(self, model: str, number: str, digest: str) -> Prepared | None:
        """Find a version that was ready before, so that going back takes no time."""
        found = self._ready.get((model, number))
        if found is None or digest not in {"", found.version.digest} or not _is_there(found):
            return None
        return found

    def _remember(self, prepared: list[Prepared]) -> None:
        for item in prepared:
            self._ready.pop((item.name, item.version.version), None)
            self._ready[item.name, item.version.version] = item
        for old in list(self._ready)[:-_KEPT]:
            del self._ready[old]

    def _refuse(self, refused: Refused, revision: int) -> None:
        if refused.again:
            self._again_at = self._clock.monotonic_s() + self._waits.died(lived_s=0.0)
        else:
            self.refused = (revision, refused.reason)
        left = "and none is served" if self.spec is None else "and the one before stays"
        self._tell(
            f"the plan of {self.name!r} at revision {revision} is not switched in, {left}: {refused.reason}"
        )

    def _tell(self, notice: str) -> None:
        if notice != self.notice:
            self.notice = notice
            if notice:
                _LOG.error("plan not switched in", endpoint=self.name, reason=notice)
            self._changed()


def _served(spec: EndpointSpec) -> dict[tuple[str, str], Prepared]:
    model = spec.plan.model or spec.name
    return {(model, item.version): Prepared(model, item, spec.example) for item in spec.versions}


def _is_there(prepared: Prepared) -> bool:
    files = prepared.version.files
    paths = (files.folder,) if isinstance(files, NativeFiles) else (files.graph, files.variant)
    return all(Path(path).exists() for path in paths)
