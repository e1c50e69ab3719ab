"""A server with traffic that never ends, a catalog, and controllers that come and go."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import msgspec
from msgspec.structs import replace

from hythe.base.errors import HytheError
from hythe.bundle.manifest import MANIFEST, NATIVE, Manifest, ModelFiles, VariantEntry
from hythe.dataplane.spec import EndpointSpec, VersionSpec
from hythe.operations.rollouts.controller import LEASE
from hythe.operations.rollouts.start import start
from hythe.operations.rollouts.stored import plan_in, rollout_in
from hythe.registry.registry import Registry
from hythe.rollout.guard import Guard
from hythe.rollout.plan import Arm, Plan
from hythe.rollout.policy import Policy
from hythe.rollout.state import Rollout
from hythe.runtime.backoff import Backoff
from hythe.runtime.supervisor import SupervisorConfig
from hythe.server.serve import ServeConfig
from hythe.server.worker_spec import Source
from hythe.testing.server import Running, running
from hythe.testing.tiny import tiny_endpoint

ENDPOINT, GOOD, BAD = "churn", "1.1.0", "1.2.0"
QUICK = Policy(
    strategy="canary",
    guards=(Guard("error_rate", margin=0.3), Guard("refusal_rate", margin=0.3)),
    steps=(0.2, 0.5),
    step_s=0.5,
    least_units=20,
)
"""Few steps, wide margins: a stage takes the time in which windows arrive."""
PROMOTED = [
    ("split 20% (1 of 2)", "running"),
    ("split 50% (2 of 2)", "running"),
    ("split 50% (2 of 2)", "promoted"),
]
"""The moves of a rollout of `QUICK` that gets through."""
_ROW = {"tenure": 4, "total charges": 20.5, "contract": "monthly"}
_CALLERS = 4
_PATIENCE_S = 90.0


@dataclass
class House:
    """What the test looks at: the registry, the server, and what callers met with."""

    registry: Registry
    catalog: str
    server: Running
    environment: Mapping[str, str]
    answered: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    over: bool = False
    started: int = 0

    @property
    def rollout(self) -> Rollout:
        """The rollout as it is stored."""
        [record] = self.registry.catalog.rollouts(ENDPOINT)
        return rollout_in(record)

    @property
    def weights(self) -> dict[str, float]:
        """The versions that take traffic, with their weights."""
        return {arm.version: arm.weight for arm in self.plan.arms if arm.weight}

    @property
    def plan(self) -> Plan:
        """The plan that stands."""
        return plan_in(self.registry.catalog.plan(ENDPOINT))

    @property
    def leader(self) -> str:
        """The controller that holds the lease, `c1` for the first one that was started; "" for none."""
        return self.registry.catalog.leases.read(LEASE).holder

    def begin(self, version: str, policy: Policy = QUICK) -> None:
        """Begin a rollout."""
        start(self.registry, ENDPOINT, f"{ENDPOINT}:{version}", policy, actor="ana")

    @contextmanager
    def controller(self, when: str = "") -> Iterator[subprocess.Popen[bytes]]:
        """Run a controller while the block runs; `when` says when it is to kill itself."""
        self.started += 1
        module = "tests.integration.survival.controlling"
        command = [sys.executable, "-m", module, str(self.registry.home), self.catalog, f"c{self.started}"]
        with subprocess.Popen(
            [*command, *([when] if when else [])],
            cwd=Path(__file__).parents[3],
            env={**os.environ, **self.environment},
        ) as process:
            try:
                yield process
            finally:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                try:
                    process.wait(30)
                finally:
                    process.kill()

    async def until(self, holds: Callable[[], bool], patience_s: float = _PATIENCE_S) -> None:
        """Wait for what a controller is to do, and for nothing else; callers go on meanwhile."""
        async with asyncio.timeout(patience_s):
            while not await asyncio.to_thread(_safely, holds):  # noqa: ASYNC110 - another process is waited for
                await asyncio.sleep(0.02)

    async def until_died(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for a controller that is to kill itself."""
        assert await asyncio.wait_for(asyncio.to_thread(process.wait), _PATIENCE_S) == -signal.SIGKILL

    async def answers(self, more: int) -> None:
        """Wait until so many more requests were answered."""
        wanted = self.answered.total() + more
        async with asyncio.timeout(_PATIENCE_S):
            while self.answered.total() < wanted:  # noqa: ASYNC110 - callers are waited for
                await asyncio.sleep(0.02)

    async def answers_only(self, version: str) -> None:
        """Wait until 100 answers on end come from one version."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                before = self.answered.copy()
                await self.answers(100)
                if {*(self.answered - before)} == {version}:
                    return

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[None]:
        """Have callers ask without pause until the block ends; they find an answer each time."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_CALLERS):
                group.create_task(self._ask())
            try:
                yield
            finally:
                self.over = True
        assert self.lost == {}

    async def _ask(self) -> None:
        async with httpx.AsyncClient(base_url=self.server.url) as client:
            while not self.over:
                try:
                    reply = await client.post(f"/predict/{ENDPOINT}", json=_ROW)
                except httpx.HTTPError as err:
                    self.lost[type(err).__name__] += 1
                    continue
                if reply.status_code in {200, 422}:
                    self.answered[str(reply.json().get("version", "refused"))] += 1
                else:
                    self.lost[f"{reply.status_code} {reply.text}"] += 1

    def ended(self) -> bool:
        """Tell whether the rollout has ended."""
        return self.rollout.ended

    def sees(self, requests: int) -> Callable[[], bool]:
        """Give a condition: a controller has seen so many of the candidate's requests."""
        return lambda: max((one.n_candidate for one in self.rollout.reports), default=0) >= requests

    def moves(self) -> list[tuple[str, str]]:
        """Give each move of the rollout that the change log has: the stage, and the status."""
        history = self.registry.history(f"endpoint/{ENDPOINT}")
        moves = [entry.after for entry in history if entry.action == "rollout"]
        return [(move["stage"], move["status"]) for move in moves]


def _safely(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except HytheError:
        return False


@contextmanager
def house(
    folder: Path, catalog: str | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[House]:
    """Run a server of churn 1.0.0 that is ready for 1.1.0, which is as good, and 1.2.0, which refuses all."""
    home = folder / "home"
    url = catalog or f"sqlite:///{home / 'catalog.db'}"
    registry = Registry.open(home, url)
    try:
        endpoint = _endpoint(folder, registry)
        with registry.catalog.edit(actor="ana") as tx:
            revision = tx.put_plan(ENDPOINT, msgspec.to_builtins(endpoint.plan))
        config = ServeConfig(
            port=0,
            source=Source(str(home), url),
            supervisor=SupervisorConfig(workers=1, drain_s=0.3, backoff=Backoff(first_s=0.05)),
        )
        served = [replace(endpoint, revision=revision)]
        with running(served, config, log=folder / "log", environment=environment) as server:
            yield House(registry, url, server, environment or {})
    finally:
        registry.close()


def _endpoint(folder: Path, registry: Registry) -> EndpointSpec:
    (folder / "bad").mkdir()
    [good], [bad] = tiny_endpoint(folder).versions, tiny_endpoint(folder / "bad", refuses_all=True).versions
    versions = [_stored(registry, *each) for each in ((good, "1.0.0"), (good, GOOD), (bad, BAD))]
    arms = tuple(Arm(each.version, each.digest, float(each.version == "1.0.0")) for each in versions)
    return EndpointSpec(ENDPOINT, Plan(arms), tuple(versions))


def _stored(registry: Registry, version: VersionSpec, number: str) -> VersionSpec:
    manifest = Manifest(
        flavor=ModelFiles("sklearn", "skops"),
        schema=version.schema,
        variants=(VariantEntry(NATIVE, "proven", "model"),),
        tags={"number": number},
    )
    record = registry.add(ENDPOINT, {MANIFEST: manifest.encode()}, actor="ana", version=number)
    return replace(version, version=number, digest=record.digest)
