"""A real server that changes while it runs: plans, versions, certificates, processes, and its catalog."""

import asyncio
import os
import shutil
import signal
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx
import msgspec
import pytest
from tests.integration.certificates import Authority, shown
from tests.integration.test_serving import ROW, Load, samples, until

from hythe.dataplane.spec import EndpointSpec
from hythe.registry.announce import RUN
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.registry.registry import Registry
from hythe.rollout.plan import Arm, Plan
from hythe.runtime.backoff import Backoff
from hythe.runtime.supervisor import SupervisorConfig
from hythe.security.tls import Tls
from hythe.server.serve import ServeConfig
from hythe.server.worker_spec import Source
from hythe.testing.server import Running, running
from hythe.testing.services import or_skip, postgres
from hythe.testing.tiny import DIGEST, tiny_endpoint
from hythe.testing.waiting import PATIENCE_S

pytestmark = pytest.mark.integration

TWO_WORKERS = SupervisorConfig(workers=2, drain_s=0.3, backoff=Backoff(first_s=0.05))
STEWARD = "hythe.server.steward_main"
ONLY_WHEN_TOLD = 3600.0
"""Seconds between looks: what arrives sooner was announced."""


def plan(first: float, second: float) -> Plan:
    return Plan((Arm("1.0.0", DIGEST, first), Arm("1.1.0", DIGEST, second)))


def two_versions(folder: Path) -> EndpointSpec:
    tiny = tiny_endpoint(folder)
    other = msgspec.structs.replace(tiny.versions[0], version="1.1.0")
    return EndpointSpec("churn", plan(1.0, 0.0), (*tiny.versions, other))


class House:
    """A server of two versions that follows the plan in a catalog of its own."""

    def __init__(self, server: Running, catalog: Catalog, home: Path, log: Path) -> None:
        self.server = server
        self.catalog = catalog
        self.home = home
        self.log = log

    def put(self, wanted: Plan) -> None:
        with self.catalog.edit(actor="ana") as tx:
            tx.put_plan("churn", msgspec.to_builtins(wanted))

    async def version(self) -> str:
        """Ask on a new connection, which any worker may take."""
        async with httpx.AsyncClient(base_url=self.server.url) as client:
            reply = await client.post("/predict/churn", json=ROW)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["version"])

    async def all_answer(self, version: str) -> float:
        """Wait until 8 answers on end come from `version`; give the seconds until the first of them."""
        began = time.monotonic()
        first, in_a_row = began, 0

        async def eight() -> bool:
            nonlocal first, in_a_row
            asked = time.monotonic()
            right = await self.version() == version
            first = asked if right and not in_a_row else first
            in_a_row = in_a_row + 1 if right else 0
            return in_a_row == 8

        await until(eight)
        return first - began


@contextmanager
def house(folder: Path, catalog_url: str | None = None, *, look_s: float = 1.0) -> Iterator[House]:
    home = folder / "home"
    home.mkdir()
    url = catalog_url or f"sqlite:///{home / 'catalog.db'}"
    endpoint = two_versions(folder)
    registry = Registry.open(home, url)
    source = Source(str(home), url, look_s=look_s)
    config = ServeConfig(port=0, supervisor=TWO_WORKERS, source=source)
    try:
        with registry.catalog.edit(actor="ana") as tx:
            tx.put_plan("churn", msgspec.to_builtins(endpoint.plan))
        with running([endpoint], config, log=folder / "log") as server:
            yield House(server, registry.catalog, home, folder / "log")
    finally:
        registry.close()


def show(what: str, taken: list[float]) -> None:
    sys.stdout.write(f"{what}: median {median(taken) * 1000:.0f} ms, most {max(taken) * 1000:.0f} ms\n")


async def listens(found: House) -> None:
    async def there() -> bool:
        return any((found.home / RUN).glob("*.sock"))

    await until(there)


async def until_replaced(server: Running, before: set[int]) -> None:
    """Wait until two other workers are in the place of those before."""

    async def replaced() -> bool:
        now = set(server.workers())
        return not now & before and len(now) == 2

    await until(replaced)


async def test_a_plan_is_announced_to_every_worker(tmp_path: Path) -> None:
    with house(tmp_path, look_s=ONLY_WHEN_TOLD) as found:
        await listens(found)
        taken = []
        for turn in range(10):
            wanted = plan(0.0, 1.0) if turn % 2 == 0 else plan(1.0, 0.0)
            found.put(wanted)
            taken.append(await found.all_answer("1.1.0" if turn % 2 == 0 else "1.0.0"))
        show("a plan reaches every worker", taken)


async def test_a_plan_arrives_where_nobody_is_told(tmp_path: Path) -> None:
    with house(tmp_path) as found:
        await listens(found)
        shutil.rmtree(found.home / RUN)
        found.put(plan(0.0, 1.0))
        show("a plan that nobody is told of", [await found.all_answer("1.1.0")])


async def test_postgresql_announces_a_plan_to_a_host_that_shares_no_home(tmp_path: Path) -> None:
    with (
        or_skip(),
        postgres(tmp_path / "postgres") as url,
        house(tmp_path, url, look_s=ONLY_WHEN_TOLD) as found,
    ):
        await listens(found)
        elsewhere = Catalog(Database(url))
        found.catalog = elsewhere
        taken = []
        for turn in range(6):
            found.put(plan(0.0, 1.0) if turn % 2 == 0 else plan(1.0, 0.0))
            taken.append(await found.all_answer("1.1.0" if turn % 2 == 0 else "1.0.0"))
        elsewhere.close()
        show("a plan reaches another host's workers", taken)


async def test_serving_goes_on_without_the_catalog_and_without_the_steward(tmp_path: Path) -> None:
    with house(tmp_path) as found:
        await listens(found)
        catalog = found.home / "catalog.db"
        catalog.rename(found.home / "away.db")

        async def reachable(number: float) -> bool:
            async with httpx.AsyncClient(base_url=found.server.url) as client:
                text = (await client.get("/metrics")).text
            return samples(text, "hythe_catalog_reachable") == {(): number}

        await until(lambda: reachable(0.0))
        async with httpx.AsyncClient(base_url=found.server.url) as client:

            async def told() -> bool:
                ready = (await client.get("/health/ready")).json()
                return ready["ready"] and "the catalog does not answer" in str(ready["notices"])

            await until(told)
        (steward,) = found.server.pids(STEWARD)
        os.kill(steward, signal.SIGKILL)
        assert await found.version() == "1.0.0"
        (found.home / "away.db").rename(catalog)
        found.put(plan(0.0, 1.0))
        await found.all_answer("1.1.0")
        assert found.server.pids(STEWARD) != [steward]
        await until(lambda: reachable(1.0))


async def test_replacing_every_worker_under_load_loses_nothing(tmp_path: Path) -> None:
    config = ServeConfig(port=0, supervisor=TWO_WORKERS)
    with running([tiny_endpoint(tmp_path)], config, log=tmp_path / "log") as server:
        load = Load(server.url)
        clients = [asyncio.create_task(load.client()) for _ in range(8)]
        for _ in range(2):
            await load.have_answered(100)
            before = set(server.workers())
            server.replace()

            await until_replaced(server, before)
        await load.have_answered(100)
        load.ended = True
        await asyncio.wait_for(asyncio.gather(*clients), PATIENCE_S)
        assert load.lost == {}


async def test_another_certificate_is_shown_by_the_workers_that_follow(tmp_path: Path) -> None:
    authority = Authority.made(tmp_path / "tls")
    cert, key = authority.issue("server")
    config = ServeConfig(port=0, supervisor=TWO_WORKERS, tls=Tls(str(cert), str(key)))
    with running([tiny_endpoint(tmp_path)], config, log=tmp_path / "log") as server:
        trusted = ssl.create_default_context(cafile=authority.cert)
        async with httpx.AsyncClient(base_url=server.url, verify=trusted) as client:
            assert (await client.post("/predict/churn", json=ROW)).status_code == 200
        first, before = await asyncio.to_thread(shown, server.url), set(server.workers())
        authority.issue("server")
        await until_replaced(server, before)
        assert first not in [await asyncio.to_thread(shown, server.url) for _ in range(6)]


async def test_a_client_without_a_certificate_is_turned_away_where_one_is_wanted(tmp_path: Path) -> None:
    authority = Authority.made(tmp_path / "tls")
    (cert, key), client_pair = authority.issue("server"), authority.issue("client")
    tls = Tls(str(cert), str(key), str(authority.cert))
    config = ServeConfig(port=0, tls=tls)
    with running([tiny_endpoint(tmp_path)], config, log=tmp_path / "log") as server:
        trusted = ssl.create_default_context(cafile=authority.cert)
        async with httpx.AsyncClient(base_url=server.url, verify=trusted) as client:
            with pytest.raises(httpx.HTTPError):
                await client.post("/predict/churn", json=ROW)
        trusted.load_cert_chain(*client_pair)
        async with httpx.AsyncClient(base_url=server.url, verify=trusted) as client:
            assert (await client.post("/predict/churn", json=ROW)).status_code == 200


async def test_a_log_that_finds_no_room_stops_nothing(tmp_path: Path) -> None:
    config = ServeConfig(port=0, supervisor=TWO_WORKERS)
    with running([tiny_endpoint(tmp_path)], config, log=Path("/dev/full")) as server:
        for _ in range(3):
            killed = server.workers()[0]
            os.kill(killed, signal.SIGKILL)

            async def restarted(killed: int = killed) -> bool:
                now = server.workers()
                return killed not in now and len(now) == 2

            await until(restarted)
        server.terminate()
        assert await asyncio.to_thread(server.wait) == 0
