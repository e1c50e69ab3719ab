"""The steward's process; the parent runs it as `python -m hythe.server.steward_main PLACE TALK SPEC`.

Nothing that answers requests depends on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from hythe.base.errors import HytheError
from hythe.operations.issuers import Issuers
from hythe.registry.announce import hush, listen
from hythe.registry.catalog import Catalog
from hythe.registry.changes import changes, notifies
from hythe.registry.database import Database
from hythe.runtime.backoff import Backoff, Restarts
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.counters import Counters
from hythe.runtime.limiter import Limiter
from hythe.runtime.log import Log
from hythe.runtime.parent import Parent
from hythe.server.following import Prepare
from hythe.server.prepare import Ready, Refused, Wanted, prepare_apart
from hythe.server.steward import Memory, Steward
from hythe.server.worker_spec import Source, WorkerSpec

_BUSY_TIMEOUT_S = 2.0
_LOG = Log("hythe.steward")


def main(place: int, talk: int, spec: int) -> int:
    """Watch until the parent says stop, or is gone; gives the exit status."""
    told = WorkerSpec.read(spec)
    if told.source is None:
        return 2
    memory = Memory(
        Bulletin(told.descriptors.bulletin),
        Limiter(told.descriptors.limiter, place),
        Counters(told.descriptors.counters, place),
    )
    catalog = Catalog(Database(told.source.catalog, _BUSY_TIMEOUT_S, makes=False))
    try:
        asyncio.run(_work(told.source, memory, catalog, Parent(talk)))
    finally:
        catalog.close()
    return 0


async def _work(source: Source, memory: Memory, catalog: Catalog, parent: Parent) -> None:
    issuers = Issuers(source.issuers)
    steward = Steward(
        catalog,
        memory,
        _preparing(source),
        issuers,
        look_s=source.look_s,
        follow_all=source.follow_all,
    )
    with _ear(Path(source.home), steward.asked):
        working = [asyncio.create_task(steward.run())]
        if notifies(source.catalog):
            working.append(asyncio.create_task(_hear(source.catalog, steward.asked)))
        parent.ready()
        ending = asyncio.create_task(parent.says_stop(lambda: None))
        await asyncio.wait({ending, *working}, return_when=asyncio.FIRST_COMPLETED)
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        await asyncio.to_thread(steward.save)
        for task in (task for task in working if task.done() and not task.cancelled()):
            task.result()


def _preparing(source: Source) -> Prepare:
    owner = os.getppid()

    async def prepare(ref: str, digest: str) -> Ready | Refused:
        return await prepare_apart(Wanted(source, ref, digest, owner))

    return prepare


@contextlib.contextmanager
def _ear(home: Path, asked: asyncio.Event) -> Iterator[None]:
    """Ask for a look when a change is announced; where nobody can listen, looking now and then must do."""
    name = str(os.getppid())
    try:
        ear = listen(home, name)
    except OSError as err:
        _LOG.warning("changes are found by looking now and then", reason=str(err))
        yield
        return

    def heard() -> None:
        with contextlib.suppress(OSError):
            while ear.recv(16):
                pass
        asked.set()

    loop = asyncio.get_running_loop()
    loop.add_reader(ear, heard)
    try:
        yield
    finally:
        loop.remove_reader(ear)
        ear.close()
        hush(home, name)


async def _hear(url: str, asked: asyncio.Event) -> None:
    """Ask for a look whenever PostgreSQL tells of a change, through however many connections."""
    waits = Restarts(Backoff(first_s=1.0, most_s=15.0))
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            async for _ in changes(url):
                asked.set()
        except HytheError as err:
            _LOG.warning("changes are found by looking now and then", reason=str(err))
        await asyncio.sleep(waits.died(loop.time() - began))


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
