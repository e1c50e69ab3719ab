"""A whole server, with TLS, gRPC and a catalog, and callers of every kind."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import msgspec
from tests.integration.certificates import Authority
from tests.integration.chaos import callers
from tests.integration.chaos.book import BROKEN, Book
from tests.integration.chaos.processes import callers as connected
from tests.integration.chaos.processes import freeze, kill
from tests.integration.chaos.truth import NATIVE, ONNX, Truth
from tests.integration.chaos.wire import Wire

from hythe.client import AsyncClient, Client, Stats
from hythe.dataplane.pool import MOST_CALLS
from hythe.operations.keys import create_key
from hythe.operations.windows import windows
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.registry.windows import Observations
from hythe.runtime.backoff import Backoff
from hythe.runtime.batch_policy import BatchPolicy
from hythe.runtime.supervisor import SupervisorConfig
from hythe.security.keys import Permit
from hythe.security.tls import Tls
from hythe.server.serve import ServeConfig
from hythe.server.worker_spec import Source
from hythe.testing.server import Running, running
from hythe.testing.waiting import PATIENCE_S

WORKER, GRPC = "hythe.server.worker", "hythe.server.grpc.worker"
ANSWERED, LOST = "hythe_requests_total", "hythe_observations_lost_total"
UNHEARD_S = 1.0
"""How long gRPC may send calls on a connection whose other end was killed."""
MOST_UNTOLD = 2 * MOST_CALLS + 30
"""So many requests a process may not have told of: of each version those that wait, and the callers' last."""
STEWARD, SIDECAR = "hythe.server.steward_main", "hythe.server.sidecar"


@dataclass
class House:
    """A server, where its things are, and how often each thing was killed, when, with which connections."""

    truth: Truth
    server: Running
    authority: Authority
    home: Path
    url: str
    kills: list[float] = field(default_factory=list)
    cut: set[int] = field(default_factory=set)
    stats: list[Stats] = field(default_factory=list)

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client needs to trust the server."""
        return ssl.create_default_context(cafile=self.authority.cert)

    def kill_worker(self, pid: int) -> None:
        """Kill a worker at whatever it is doing, and note the connections that die with it."""
        freeze(pid)
        self.cut |= connected(pid, urlsplit(self.server.url).port or 0)
        self.kill(pid)

    def replaced(self, module: str, pid: int) -> Callable[[], bool]:
        """Give a condition: the process has ended, and there is another that runs the module."""
        return lambda: pid not in (found := self.server.pids(module)) and found != []

    def kill(self, pid: int) -> None:
        """Kill a process, and note when."""
        self.kills.append(time.monotonic())
        kill(pid)

    def key(self, expires: timedelta) -> str:
        """Make a key that stands for so long, by this process's clock."""
        catalog = Catalog(Database(self.url))
        try:
            return create_key(catalog, "ana", Permit(), expires=expires, actor="ana").key
        finally:
            catalog.close()

    async def metric(self, name: str, **labels: str) -> float:
        """Sum the series of a metric that have these labels."""
        async with AsyncClient(self.server.url, tls=self.trust) as client:
            samples = await client.metrics()
        return sum(
            sample.value
            for sample in samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def check_losses(self, book: Book) -> None:
        """See that nothing was lost but what was inside a process when that was killed.

        A request over HTTP is inside a worker by its connection, which breaks once and carries one request
        at a time. A client of ours repeats those, so that its user loses none.
        """
        assert [stats.failed for stats in self.stats] == [0] * len(self.stats)
        for lost in book.lost:
            late_s = UNHEARD_S if lost.port == callers.CALLED else 0.0
            inside = any(lost.began - late_s <= at <= lost.ended for at in self.kills)
            assert lost.port in self.cut if lost.how == BROKEN else inside, lost
        broken = [lost for lost in book.lost if lost.how == BROKEN]
        assert len(broken) + sum(stats.dropped + stats.unreached for stats in self.stats) <= len(self.cut)
        assert len(set(book.ids)) == len(book.ids)

    @property
    def repeated(self) -> int:
        """How many requests clients of ours have made once more."""
        return sum(stats.repeated for stats in self.stats)

    async def check_counts(self, book: Book) -> None:
        """See that metrics and catalog know every answer: those that came, and those cut off on the way.

        A process counts a batch right after its replies: the last one on a connection may die with it. What
        it had not put into a record dies with it, too, and is counted as lost.
        """
        least, most = book.answered - len(self.cut), book.answered + len(book.lost) + self.repeated

        async def counted() -> bool:
            return await self.metric(ANSWERED, outcome="answered") >= least

        await book.until_said(counted)
        assert await self.metric(ANSWERED, outcome="answered") <= most
        assert await self.metric(ANSWERED, outcome="refused") == 0

        async def all_told() -> bool:
            stored, killed = await asyncio.to_thread(self.stored), await self.metric(LOST, reason="killed")
            return stored + killed >= book.answered

        await book.until_said(all_told)
        assert self.stored() <= most
        assert await self.metric(LOST, reason="killed") <= MOST_UNTOLD * len(self.kills)

    async def check_nothing_lost(self, book: Book) -> None:
        """See that every request was answered at its first try, and counted once."""
        assert (book.lost, self.repeated) == ([], 0), (book.lost[:3], self.stats)
        self.check_losses(book)
        await self.check_counts(book)

    async def reads(self, name: str, number: float) -> bool:
        """Tell whether a metric is that number now."""
        return await self.metric(name) == number

    async def at_least(self, name: str, number: float) -> bool:
        """Tell whether a metric has come that far."""
        return await self.metric(name) >= number

    def stored(self) -> int:
        """Count the answers that the catalog knows of."""
        database = Database(self.url)
        try:
            found = Observations(database)
            return sum(
                window.count("answered")
                for endpoint in found.endpoints()
                for window in windows(found, endpoint, "1.0.0")
            )
        finally:
            database.close()

    @asynccontextmanager
    async def asked(self, requests: int) -> AsyncIterator[Book]:
        """Have all callers ask, `requests` at least, until the block ends; each answer is checked."""
        book = Book(self.truth, requests)
        async with AsyncExitStack() as stack:
            work = await self._callers(stack, book)
            async with asyncio.TaskGroup() as group:
                for one in work:
                    group.create_task(one)
                try:
                    yield book
                finally:
                    book.over = True

    async def _callers(self, stack: AsyncExitStack, book: Book) -> list[Coroutine[Any, Any, None]]:
        trust = self.trust
        client = await stack.enter_async_context(AsyncClient(self.server.url, tls=trust))
        threaded = stack.enter_context(Client(self.server.url, tls=trust))
        root = grpc.ssl_channel_credentials(self.authority.cert.read_bytes())
        channel = await stack.enter_async_context(grpc.aio.secure_channel(self.server.grpc, root))
        self.stats += [client.stats, threaded.stats]
        return [
            *(callers.repeating(client, book, ONNX) for _ in range(8)),
            *(callers.repeating(client, book, NATIVE) for _ in range(4)),
            *(asyncio.to_thread(callers.repeating_in_a_thread, threaded, book, ONNX) for _ in range(2)),
            *(callers.bare(Wire(self.server.url, trust), book, ONNX) for _ in range(6)),
            *(callers.bare(Wire(self.server.url, trust), book, NATIVE) for _ in range(2)),
            *(callers.by_grpc(channel, book, ONNX) for _ in range(4)),
        ]


@contextmanager
def house(
    truth: Truth,
    folder: Path,
    url: str | None = None,
    *,
    home: Path | None = None,
    port: int = 0,
    environment: Mapping[str, str] | None = None,
) -> Iterator[House]:
    """Run a server on a catalog at `url`, or in a file of its own, while the block runs."""
    home = home or folder / "home"
    home.mkdir(exist_ok=True)
    url = url or f"sqlite:///{home / 'catalog.db'}"
    catalog = Catalog(Database(url))
    with catalog.edit(actor="ana") as tx:
        for endpoint in truth.endpoints:
            tx.put_plan(endpoint.name, msgspec.to_builtins(endpoint.plan))
    catalog.close()
    authority = Authority.made(folder / "tls")
    config = ServeConfig(
        port=port,
        grpc_port=0,
        batching=BatchPolicy(most_wait_ms=PATIENCE_S * 1e3),  # a crowded machine is no reason to turn away
        tls=Tls(*map(str, authority.issue("server"))),
        source=Source(str(home), url),
        access_log=str(home / "access.log"),
        supervisor=SupervisorConfig(workers=2, drain_s=0.3, backoff=Backoff(first_s=0.05)),
    )
    with running(truth.endpoints, config, log=folder / "log", environment=environment) as server:
        yield House(truth, server, authority, home, url)
