"""An endpoint whose requests are made up: counted as servers count them, by the plan that stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from hythe.bundle.manifest import MANIFEST, NATIVE, Manifest, ModelFiles, VariantEntry
from hythe.bundle.schema import Column, Output, Schema
from hythe.monitor.windows.timing import Timing
from hythe.monitor.windows.window import Window
from hythe.operations.endpoints.create import create
from hythe.operations.rollouts.controller import Controller
from hythe.operations.rollouts.start import Started, start
from hythe.operations.rollouts.stored import plan_in, rollout_in
from hythe.operations.windows import stored
from hythe.registry.registry import Registry
from hythe.registry.windows import Delivery
from hythe.rollout.policy import Policy
from hythe.rollout.state import Rollout
from hythe.testing.fake_clock import FakeClock

SCHEMA = Schema(
    (Column("tenure", "int64"), Column("id", "string")),
    (Output("label", "str"), Output("probabilities", "float64", (2,), ("no", "yes"))),
)
QUICK = Policy(steps=(0.1, 0.5), step_s=3.0, least_units=50, shadow_units=50)
CANARY = msgspec.structs.replace(QUICK, strategy="canary")
NARROW = Schema(SCHEMA.inputs, (Output("label", "str"),))
DURATIONS = {58: 0.60, 59: 0.25, 60: 0.10, 61: 0.03, 62: 0.014, 63: 0.005, 64: 0.001}
"""How durations fall into buckets: 1 ms or so, the 99th percentile at place 62."""
NOW = 1_800_000_000


@dataclass
class Behaviour:
    """What a version does: the shares of its requests that fail and get another label, how slow it is.

    Each bucket that it is `slower` is 12.2%.
    """

    fails: float = 0.0
    slower: int = 0
    differs: float = 0.0


@dataclass
class Scene:
    """A registry, a clock and a controller, and how each version behaves."""

    registry: Registry
    clock: FakeClock
    controller: Controller
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    second: int = NOW

    @classmethod
    def made(cls, home: Path) -> Scene:
        """Make the registry and the endpoint."""
        clock = FakeClock()
        registry = Registry.open(home, "sqlite://", clock)
        for number, schema in (("1.0.0", SCHEMA), ("1.1.0", SCHEMA), ("2.0.0", NARROW)):
            add(registry, number, schema)
        create(registry, "scoring", "churn:1.0.0", actor="ana")
        scene = cls(registry, clock, Controller(registry.catalog, clock, keep_s=0.0))
        scene.behaviours = {number: Behaviour() for number in ("1.0.0", "1.1.0", "2.0.0")}
        return scene

    @property
    def rollout(self) -> Rollout:
        """The last rollout as it is stored."""
        return rollout_in(self.registry.catalog.rollouts("scoring")[-1])

    @property
    def weights(self) -> dict[str, float]:
        """The versions that take traffic now, with their shares of it."""
        arms = plan_in(self.registry.catalog.plan("scoring")).arms
        whole = sum(arm.weight for arm in arms)
        return {arm.version: arm.weight / whole for arm in arms if arm.weight}

    def begin(self, policy: Policy = QUICK, ref: str = "churn:1.1.0") -> Started:
        """Begin a rollout."""
        return start(self.registry, "scoring", ref, policy, actor="ana", why="better", clock=self.clock)

    def serve(self, requests: int) -> None:
        """Have so many requests answered within a second, and counted."""
        record = self.registry.catalog.plan("scoring")
        plan = plan_in(record)
        whole = sum(arm.weight for arm in plan.arms)
        windows = [
            self.answered(arm.version, arm.weight / whole, record.revision, requests)
            for arm in plan.arms
            if arm.weight
        ]
        windows += [
            self._copied(shadow.version, record.revision, int(requests * shadow.share))
            for shadow in plan.shadows
        ]
        self.deliver(*windows)

    def deliver(self, *windows: Window) -> None:
        """Bring windows to the catalog, as a server does."""
        observations = self.registry.catalog.observations
        sequence = observations.observed("server").sequence + 1
        observations.store(Delivery("server", sequence, NOW, {}, tuple(map(stored, windows))))
        self.second += 1

    def pass_time(self, turns: int, requests: int = 4000) -> None:
        """Let seconds pass, each with requests and a look of the controller, until the rollout has ended."""
        for _ in range(turns):
            self.serve(requests)
            self.look()
            if self.rollout.ended:
                return

    def look(self) -> None:
        """Let a second pass, and the controller look."""
        self.clock.tick(1.0)
        self.controller.turn()

    def answered(self, version: str, share: float, revision: int, requests: int) -> Window:
        """Count one version's share of so many requests."""
        drawn, does = round(requests * share), self.behaviours[version]
        failed = round(drawn * does.fails)
        buckets = {place + does.slower: round((drawn - failed) * part) for place, part in DURATIONS.items()}
        timing = Timing(sum(buckets.values()), 0, buckets)
        counted = {"answered": drawn - failed, "failed:internal": failed}
        return Window(
            "scoring",
            version,
            self.second,
            share=share,
            revision=revision,
            requests=counted,
            request_s=timing,
        )

    def _copied(self, version: str, revision: int, copies: int) -> Window:
        does = self.behaviours[version]
        failed = round(copies * does.fails)
        differ = round((copies - failed) * does.differs)
        counted = (copies, failed, 1000 * differ, 1000**2 * differ, 0, 0, 0)
        return Window(
            "scoring", version, self.second, share=0.0, revision=revision, statistics={"shadow": counted}
        )


def add(registry: Registry, number: str, schema: Schema = SCHEMA) -> None:
    """Add a version of churn, with a schema and nothing that could answer."""
    variants = (VariantEntry(NATIVE, "proven", "model"),)
    files = ModelFiles("sklearn", "skops")
    manifest = Manifest(flavor=files, schema=schema, variants=variants, tags={"number": number})
    registry.add("churn", {MANIFEST: manifest.encode()}, actor="ana", version=number)
