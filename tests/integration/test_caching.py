"""A real server that keeps answers: hits are marked, counted, observed, and gone with their version."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from tests.integration.test_observing import observed_endpoint, row, until_stored
from tests.integration.test_serving import metrics, samples, until, until_counted

from hythe.dataplane.spec import EndpointSpec
from hythe.registry.database import Database
from hythe.registry.registry import Registry
from hythe.registry.windows import Observations
from hythe.rollout.plan import Arm, CacheOptions, Plan
from hythe.runtime.supervisor import SupervisorConfig
from hythe.server.serve import ServeConfig
from hythe.server.worker_spec import Source
from hythe.testing.server import Running, running
from hythe.testing.tiny import DIGEST, expected

pytestmark = pytest.mark.integration

KEPT = CacheOptions(ttl_s=600)
DIFFERENT, TIMES = 20, 15


def plan(version: str, cache: CacheOptions | None = KEPT) -> Plan:
    other = "1.1.0" if version == "1.0.0" else "1.0.0"
    return Plan((Arm(version, DIGEST), Arm(other, DIGEST, 0)), cache=cache)


def two_versions(folder: Path) -> EndpointSpec:
    one = observed_endpoint(folder)
    other = msgspec.structs.replace(one.versions[0], version="1.1.0")
    return EndpointSpec("churn", plan("1.0.0"), (*one.versions, other))


def config(folder: Path) -> ServeConfig:
    source = Source(str(folder), f"sqlite:///{folder / 'catalog.db'}")
    return ServeConfig(port=0, source=source, supervisor=SupervisorConfig(workers=2, drain_s=0.1))


def connecting(server: Running) -> httpx.AsyncClient:
    """Make a client that asks on a new connection each time, which any worker may take."""
    return httpx.AsyncClient(base_url=server.url, limits=httpx.Limits(max_keepalive_connections=0))


async def ask(client: httpx.AsyncClient, number: int) -> dict[str, Any]:
    reply = await client.post("/predict/churn", json={"rows": [row(number)]})
    assert reply.status_code == 200
    document: dict[str, Any] = reply.json()
    assert document["predictions"][0]["probabilities"]["yes"] == pytest.approx(
        expected(row(number)), rel=1e-12
    )
    return document


async def test_hits_of_two_workers_are_marked_counted_exactly_and_observed(tmp_path: Path) -> None:
    Database(f"sqlite:///{tmp_path / 'catalog.db'}").close()
    with running([two_versions(tmp_path)], config(tmp_path), log=tmp_path / "log") as server:
        numbers = [number for _ in range(TIMES) for number in range(DIFFERENT)]
        told = []
        async with connecting(server) as client:
            for start in range(0, len(numbers), 10):
                told += await asyncio.gather(*(ask(client, number) for number in numbers[start : start + 10]))
        await until_counted(server, {("churn", "1.0.0", "answered", ""): float(len(numbers))})
        text = await metrics(server)
        hits = Counter(document.get("cached", False) for document in told)
        assert len({document["prediction_id"] for document in told}) == len(numbers)
        assert hits[False] <= 2 * DIFFERENT, "each worker asks its model once for the same rows"
        assert samples(text, "hythe_cache_hits_total") == {("churn", "1.0.0"): hits[True]}
        assert samples(text, "hythe_rows_total") == {("churn", "1.0.0"): len(numbers)}
        assert samples(text, "hythe_batch_rows_sum") == {("churn", "1.0.0"): hits[False]}
        database = Database(f"sqlite:///{tmp_path / 'catalog.db'}")
        found = until_stored(Observations(database), len(numbers))
        database.close()
        assert (found.cached, found.run_rows) == (hits[True], hits[False])
        assert found.rows == found.answered_rows == found.counted_rows == len(numbers)
        weekly = sum(row(number)["contract"] == "weekly" for number in numbers)
        assert found.features["contract"].cells[-1] == weekly
        assert sum(found.outputs["label"].cells) == len(numbers)


async def test_what_is_kept_goes_with_its_version_and_with_the_plan(tmp_path: Path) -> None:
    registry = Registry.open(tmp_path, f"sqlite:///{tmp_path / 'catalog.db'}")

    def put(wanted: Plan) -> None:
        with registry.catalog.edit(actor="ana") as tx:
            tx.put_plan("churn", msgspec.to_builtins(wanted))

    put(plan("1.0.0"))
    with running([two_versions(tmp_path)], config(tmp_path), log=tmp_path / "log") as server:
        async with connecting(server) as client:

            async def is_cached() -> bool:
                return bool((await ask(client, 1)).get("cached"))

            async def held(version: str) -> float:
                text = (await client.get("/metrics")).text
                return samples(text, "hythe_cache_bytes").get(("churn", version), 0.0)

            async def switched() -> bool:
                return (await ask(client, 2))["version"] == "1.1.0" and not await held("1.0.0")

            async def off() -> bool:
                return not await held("1.1.0")

            async def nothing_is_kept() -> bool:
                return not any([await is_cached() for _ in range(6)])

            await until(is_cached)
            assert await held("1.0.0") > 0
            put(Plan((Arm("1.1.0", DIGEST),), cache=KEPT))
            await until(switched)
            await until(is_cached)
            put(Plan((Arm("1.1.0", DIGEST),)))
            await until(off)
            await until(nothing_is_kept)
    registry.close()
