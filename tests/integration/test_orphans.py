"""A server whose parent is killed: its processes end by themselves, and another takes its place."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from tests.integration.chaos.processes import alive, family, kill
from tests.integration.test_serving import ROW, Load, until

from hythe.registry.registry import Registry
from hythe.runtime.supervisor import SupervisorConfig
from hythe.server.serve import ServeConfig
from hythe.server.worker_spec import Source
from hythe.testing.native import misbehaving_endpoint
from hythe.testing.server import running
from hythe.testing.tiny import tiny_endpoint
from hythe.testing.waiting import PATIENCE_S

pytestmark = pytest.mark.integration

FILES = {"hythe.json": b"{}", "model/m.bin": b"weights"}


async def test_a_killed_parent_leaves_a_free_port_a_whole_catalog_and_no_process(tmp_path: Path) -> None:
    registry = Registry.open(tmp_path / "home")
    registry.add("churn", FILES, actor="ana")
    endpoints = [tiny_endpoint(tmp_path), misbehaving_endpoint(tmp_path / "native")]
    with registry.catalog.edit(actor="ana") as tx:
        for endpoint in endpoints:
            tx.put_plan(endpoint.name, msgspec.to_builtins(endpoint.plan))
    config = ServeConfig(
        port=0,
        grpc_port=0,
        source=Source(str(tmp_path / "home"), f"sqlite:///{tmp_path / 'home' / 'catalog.db'}"),
        supervisor=SupervisorConfig(workers=2, drain_s=0.3),
    )
    with running(endpoints, config, log=tmp_path / "log") as server:
        load = Load(server.url)
        clients = [asyncio.create_task(load.client()) for _ in range(8)]
        await load.have_answered(200)
        everybody = family(server.process.pid)
        kill(server.process.pid)
        await asyncio.wait_for(asyncio.gather(*clients), PATIENCE_S)
        assert load.lost == {}

        async def gone() -> bool:
            return not any(alive(pid) for pid in everybody if pid != server.process.pid)

        await until(gone)
    port = urlsplit(server.url).port or 0
    with running(endpoints, replace(config, port=port), log=tmp_path / "log") as server:
        async with httpx.AsyncClient(base_url=server.url) as client:
            assert (await client.post("/predict/churn", json=ROW)).status_code == 200
            assert (await client.post("/predict/double", json={"x": 2.0})).status_code == 200
    assert registry.fsck() == []
    registry.close()
