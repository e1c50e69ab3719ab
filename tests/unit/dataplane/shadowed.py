"""A champion with a shadow, their event loop and their clock, all moved by hand."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tests.unit.dataplane.by_hand import Doubling, HandLoop

from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Column, Output, Schema
from hythe.dataplane.ask import Ask
from hythe.dataplane.live import LiveVersion
from hythe.dataplane.observe import Observer
from hythe.dataplane.shadow.lane import Around
from hythe.dataplane.shadow.room import Room
from hythe.dataplane.shadow.shadows import Shadows
from hythe.dataplane.spec import EndpointSpec, OnnxFiles, VersionSpec
from hythe.dataplane.ticket import Answered, Ticket
from hythe.monitor.records.call import Call
from hythe.monitor.records.reader import RecordReader
from hythe.monitor.records.record import BatchRecord
from hythe.rollout.plan import Arm, Plan, Shadow
from hythe.runtime.batch import RowReader, reader
from hythe.runtime.counters import Counters
from hythe.runtime.ring import Ring, create

ONE, TWO = "1.0.0", "2.0.0"
RING_BYTES = 2**20
COLUMNS = (Column("x", "float64"), Column("secret", "string", nullable=True, sensitive=True))
OUTPUTS = (Output("label", "str"), Output("probabilities", "float64", (2,), ("no", "yes")))
SCHEMA = Schema(COLUMNS, OUTPUTS)
IDS = "017f22e2-79b0-7000-8000-{:012x}"
"""Ids of the sample of any share: their last digits are what decides."""


@dataclass
class Threshold(Doubling):
    """A session that says yes above `cut`, with the probability 1 / (1 + exp(cut - x)); it refuses x < least.

    Each call takes `takes_s`; `wide` answers have a class too many.
    """

    cut: float = 0.0
    least: float = 0.0
    wide: bool = False
    takes_s: float = 0.0
    loop: HandLoop | None = None
    x: str = "c0"

    def feed(self, batch: Any) -> Any:
        return {"numbers": np.array([[getattr(row, self.x)] for row in batch])}

    def run_now(self, fed: Any) -> Outcome:
        x = fed["numbers"][:, 0]
        super().run_now(fed)
        if self.loop is not None:
            self.loop.clock.tick(self.takes_s)
        yes = 1.0 / (1.0 + np.exp(self.cut - x))
        label = np.where(yes > 0.5, "yes", "no").astype(object)
        scores = np.stack([1.0 - yes, yes, *([yes] * self.wide)], axis=1)
        return Outcome({"label": label, "probabilities": scores}, x < self.least)


class Asked(Ticket):
    """A request of the champion's that remembers what it heard."""

    __slots__ = ("heard", "labels")

    def __init__(self, number: int, rows: RowReader, xs: Sequence[float], share: float) -> None:
        super().__init__(Ask())
        self.id = IDS.format(number)
        self.batch = rows.convert_all([{"x": x, "secret": "hush"} for x in xs])
        self.rows = len(xs)
        self.share = share
        self.revision = 7
        self.labels: list[str] = []
        self.heard: list[Any] = []

    def answered(self, answered: Answered, start: int) -> None:
        self.labels = answered.arrays["label"][start : start + self.rows].tolist()
        self.heard.append(self.labels)

    def refused(self, err: Exception) -> None:
        self.heard.append(err)


class Pair:
    """The endpoint `double` with the champion 1.0.0 and the shadow 2.0.0; `asked` is all it was asked."""

    def __init__(
        self,
        counters: Counters,
        *,
        share: float = 1.0,
        cut: float = 0.0,
        inline: bool = True,
        room: Room | None = None,
        shadow_schema: Schema = SCHEMA,
    ) -> None:
        self.counters = counters
        self.loop = HandLoop()
        descriptor = create(RING_BYTES)
        writes, self._ring = Ring(descriptor), Ring(descriptor)
        os.close(descriptor)  # what is mapped stays
        self._read = RecordReader()
        self.observer = Observer("double", counters, writes)
        self.sessions = {
            ONE: Threshold(inline, loop=self.loop),
            TWO: Threshold(inline, cut=cut, loop=self.loop),
        }
        schemas = {ONE: SCHEMA, TWO: shadow_schema}
        specs = [VersionSpec(n, f"sha256:{n}", schemas[n], OnnxFiles("", "")) for n in (ONE, TWO)]
        plan = Plan((Arm(ONE, "sha256:a"),), shadows=(Shadow(TWO, "sha256:b", share, margin=0.01),))
        self.spec = EndpointSpec("double", plan, tuple(specs), revision=7)
        self.lives = {spec.version: self._live(spec) for spec in specs}
        self.room = room or Room()
        around = Around(self.observer, self.loop, self.loop.clock.monotonic_s, self.room)
        self.shadows = Shadows(self.spec, self.lives, around, timeout_s=10.0)
        for live in self.lives.values():
            live.shadows = self.shadows
        self.asked: list[Asked] = []

    def _live(self, spec: VersionSpec) -> LiveVersion:
        rows, now = reader(spec.schema), self.loop.clock.monotonic_s
        self.sessions[spec.version].x = rows.fields["x"]
        return LiveVersion(spec, rows, self.sessions[spec.version], self.observer, self.loop, None, now)

    @property
    def champion(self) -> Threshold:
        return self.sessions[ONE]

    @property
    def shadow(self) -> Threshold:
        return self.sessions[TWO]

    def put(self, *xs: float, key: str = "", share: float = 1.0, number: int | None = None) -> Asked:
        """Ask the champion; nothing happens before the loop is told."""
        found = len(self.asked) if number is None else number
        ticket = Asked(found, self.lives[ONE].reader, xs, share)
        ticket.key = key
        self.asked.append(ticket)
        self.observer.entered()
        self.lives[ONE].put(ticket)
        return ticket

    def answer(self, *xs: float, **given: Any) -> Asked:
        """Ask the champion and let it answer."""
        ticket = self.put(*xs, **given)
        self.loop.drain()
        return ticket

    def rest(self, seconds: float = 0.21) -> None:
        """Let time pass until copies are asked, and let the shadow answer them."""
        self.loop.tick(seconds)
        self.loop.drain()

    def counted(self, name: str = "hythe_shadow_total") -> dict[str, float]:
        """Give a metric by its outcome."""
        return {
            dict(labels)["outcome"]: values[0]
            for (metric, labels), values in self.counters.read().items()
            if metric == name and values[0]
        }

    def records(self) -> list[BatchRecord]:
        """Take what was handed to the sidecar."""
        found = [self._read(data) for _, data in self._ring.take()]
        self._ring.release(self._ring.head)
        return found

    def copies(self) -> list[Call]:
        """Take what was handed over of copies."""
        return [call for record in self.records() if record.layout.version == TWO for call in record.calls]

    def told(self) -> list[dict[str, Any]]:
        """Take the differences that were told of."""
        return [json.loads(told.document) for record in self.records() for told in record.differences]


def probability(x: float, cut: float) -> float:
    return 1.0 / (1.0 + math.exp(cut - x))
