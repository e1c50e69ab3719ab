"""An endpoint whose rows are made up: counted as servers count them, and looked at a turn at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from hythe.bundle.baseline import Baseline, compute
from hythe.bundle.manifest import BASELINE, MANIFEST, NATIVE, Manifest, ModelFiles, VariantEntry
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Column, Output, Schema
from hythe.monitor.finding import Report
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.windows.timing import timings
from hythe.monitor.windows.window import Tally, Window
from hythe.operations.endpoints.create import create
from hythe.operations.monitoring.policy import stored as stored_policy
from hythe.operations.monitoring.stored import report_in
from hythe.operations.monitoring.turn import Monitoring
from hythe.operations.windows import stored
from hythe.registry.registry import Registry
from hythe.registry.windows import Delivery, JoinRecord
from hythe.testing.fake_clock import FakeClock

SCHEMA = Schema(
    (Column("tenure", "float64"), Column("contract", "string")),
    (Output("value", "float64"),),
)
HOUR, DAY = 3600, 86400
BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
START = int(BEGAN.timestamp())
"""Midnight of a Monday."""


def rows(n: int, seed: int, shift: float = 0.0) -> dict[str, Any]:
    """Make rows; `shift` moves tenure by so many standard deviations."""
    rng = np.random.default_rng(seed)
    return {
        "tenure": rng.normal(30.0 + 10.0 * shift, 10.0, n),
        "contract": rng.choice(["monthly", "yearly"], n, p=[0.7, 0.3]).tolist(),
        "value": rng.normal(size=n),
    }


def baseline(n: int = 5000) -> Baseline:
    """Summarise reference rows."""
    found = rows(n, seed=1)
    table = pa.table({name: found[name] for name in ("tenure", "contract")})
    return compute(table, SCHEMA, Outcome({"value": found["value"]}, np.zeros(n, dtype=np.bool_)))


def add(registry: Registry, number: str, reference: Baseline | None) -> str:
    """Add a version of churn, with a baseline and nothing that could answer; give its digest."""
    manifest = Manifest(
        flavor=ModelFiles("sklearn", "skops"),
        schema=SCHEMA,
        variants=(VariantEntry(NATIVE, "proven", "model"),),
        baseline=BASELINE if reference else "",
        tags={"number": number},
    )
    files = {MANIFEST: manifest.encode()} | ({BASELINE: reference.encode()} if reference else {})
    return registry.add("churn", files, actor="ana", version=number).digest


@dataclass
class Scene:
    """A registry with an endpoint, a clock, and what monitors."""

    registry: Registry
    clock: FakeClock
    reference: Baseline
    monitoring: Monitoring
    delivered: int = field(default=0)

    @classmethod
    def made(cls, home: Path, policy: MonitorPolicy | None = None) -> Scene:
        """Make the registry, with the endpoint `scoring` of churn 1.0.0."""
        clock = FakeClock(BEGAN)
        registry, reference = Registry.open(home, "sqlite://", clock), baseline()
        add(registry, "1.0.0", reference)
        add(registry, "1.1.0", None)
        create(registry, "scoring", "churn:1.0.0", actor="ana")
        scene = cls(registry, clock, reference, Monitoring(registry, clock))
        if policy is not None:
            scene.settle(policy)
        return scene

    @property
    def now(self) -> int:
        """The clock's second."""
        return int(self.clock.now().timestamp())

    @property
    def reports(self) -> list[Report]:
        """All reports of the endpoint as they are stored."""
        return [report_in(record) for record in self.registry.catalog.reports.read("scoring")]

    def settle(self, policy: MonitorPolicy) -> None:
        """Put settings."""
        with self.registry.catalog.edit(actor="ana") as tx:
            tx.put_monitor("scoring", stored_policy(policy))

    def window(self, start: int, n: int, *, seed: int = 0, shift: float = 0.0, **fields: Any) -> Window:
        """Count `n` requests of one row each."""
        found = rows(n, seed=seed + start, shift=shift)
        summaries = {**self.reference.features, **self.reference.outputs}
        tallies = {
            name: Tally(tuple(summaries[name].counts.bins.count(values).tolist()))
            for name, values in found.items()
        }
        window = Window(
            "scoring",
            "1.0.0",
            start,
            revision=1,
            requests={"answered": n},
            rows=n,
            answered_rows=n,
            counted_rows=n,
            request_s=timings(np.full(n, 0.004)),
            features={name: tallies[name] for name in self.reference.features},
            outputs={name: tallies[name] for name in self.reference.outputs},
        )
        return msgspec.structs.replace(window, **fields)

    def deliver(self, *windows: Window, joins: Sequence[JoinRecord] = ()) -> None:
        """Bring windows and kept predictions to the catalog, as a server does."""
        self.delivered += 1
        self.registry.catalog.observations.store(
            Delivery("server", self.delivered, self.now, {}, tuple(map(stored, windows)), joins=tuple(joins))
        )

    def serve(self, periods: int, n: int = 400, *, shift: float = 0.0, period_s: int = HOUR) -> None:
        """Let periods pass, each with requests in two windows, and look after each."""
        for _ in range(periods):
            start = self.now // period_s * period_s
            half = period_s // 2
            self.deliver(
                self.window(start, n // 2, shift=shift), self.window(start + half, n - n // 2, shift=shift)
            )
            self.clock.tick(start + period_s - self.now + 200)
            self.monitoring.turn()
