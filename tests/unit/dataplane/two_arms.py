"""An endpoint of two versions on a data plane, and what its process hands over to be counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from tests.unit.dataplane.by_hand import Doubling

from hythe.bundle.schema import Column, Output, Schema
from hythe.dataplane.ask import Ask
from hythe.dataplane.endpoint import Endpoint
from hythe.dataplane.loop import LoopScheduler
from hythe.dataplane.observe import Observer
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.spec import EndpointSpec, OnnxFiles, VersionSpec
from hythe.dataplane.ticket import Prediction
from hythe.monitor.records.call import Call
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.records.record import BatchRecord
from hythe.monitor.windows.fold import fold
from hythe.monitor.windows.window import Window
from hythe.rollout.plan import Arm, Plan
from hythe.runtime.batch import RowReader
from hythe.runtime.counters import Counters
from hythe.runtime.ring import Ring, create

ONE, TWO = "1.0.0", "2.0.0"
SCHEMA = Schema(
    (Column("x", "float64", nullable=True), Column("user", "string", nullable=True)),
    (Output("value", "float64"),),
)


class Tables(Doubling):
    """A session that takes Arrow tables too, and remembers what it was fed."""

    def feed(self, batch: Any) -> Any:
        self.fed = batch
        if isinstance(batch, pa.Table):
            return {"numbers": np.asarray(batch.column("x").to_numpy()).reshape(-1, 1)}
        return super().feed(batch)


class TwoArms:
    """The endpoint `double`; its versions can be broken, and its plan changed."""

    def __init__(self, counters: Counters, schemas: Mapping[str, Schema] | None = None) -> None:
        self.sessions: dict[str, Tables] = {}
        self.schemas = {ONE: SCHEMA, TWO: SCHEMA, **(schemas or {})}
        self.arms: tuple[Arm, ...] = (Arm(ONE, "sha256:0a", 3.0), Arm(TWO, "sha256:0b", 1.0))
        descriptor = create()
        writes, self._ring = Ring(descriptor), Ring(descriptor)
        self._read = RecordReader()

        def open_session(spec: VersionSpec, _reader: RowReader) -> Tables:
            return self.sessions.setdefault(spec.version, Tables())

        def make(spec: EndpointSpec) -> Endpoint:
            return Endpoint(spec, open_session, Observer(spec.name, counters, writes), LoopScheduler())

        self.plane = DataPlane([self.spec()], make)

    def spec(self, revision: int = 1, **fields: Any) -> EndpointSpec:
        """Make the endpoint with other fields of its plan."""
        plan = msgspec.structs.replace(Plan(self.arms), **fields)
        versions = tuple(
            VersionSpec(number, f"sha256:{number}", self.schemas[number], OnnxFiles("", ""))
            for number in (ONE, TWO)
        )
        return EndpointSpec("double", plan, versions, revision=revision)

    async def follow(self, revision: int = 1, **fields: Any) -> None:
        """Switch to a plan."""
        await self.plane.apply([self.spec(revision, **fields)])

    async def ask(self, row: Mapping[str, Any], ask: Ask | None = None, *, table: bool = False) -> Prediction:
        """Ask for the answer to a row."""

        async def read(rows: RowReader) -> Any:
            batch = rows.convert_all([row])
            return rows.rows(batch) if table else batch

        return await self.plane.predict("double", read, ask or Ask())

    def records(self) -> Sequence[BatchRecord]:
        """Give what was handed over since the last time."""
        return [self._read(data) for _, data in self._ring.take()]

    def calls(self) -> list[tuple[str, Call]]:
        """Give the requests in it, with the version that took them."""
        return [(record.layout.version, call) for record in self.records() for call in record.calls]

    def windows(self) -> list[Window]:
        """Fold what was handed over since the last time."""
        return fold(self.records(), lambda *_: None, ())
