"""No row that was answered is missing in the catalog, but what killed workers took along: that is counted."""

from __future__ import annotations

import os
import random
import re
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx
import numpy as np
import pytest
from tests.integration.test_observing import catalog, row, server, whole  # noqa: F401 - fixtures
from tests.integration.test_outages import Postgres, Sqlite

from hythe.dataplane.pool import MOST_CALLS
from hythe.dataplane.record import Recorder
from hythe.monitor.records.call import Call
from hythe.monitor.windows.statistic import Errors
from hythe.operations.windows import joined, windows
from hythe.registry.database import Database
from hythe.registry.windows import Observations
from hythe.runtime import counters
from hythe.runtime.counters import Counters
from hythe.runtime.ring import Ring, create
from hythe.server.observing.intake import Intake
from hythe.server.observing.log_file import LogFile
from hythe.server.observing.losses import Losses
from hythe.server.observing.outbox import Outbox
from hythe.server.observing.sidecar import Sidecar
from hythe.server.observing.spool import Spool
from hythe.testing.fake_clock import FakeClock
from hythe.testing.server import Running
from hythe.testing.waiting import until

pytestmark = pytest.mark.integration

TEN_MINUTES_S = 600
CALLERS = 4
WAITING, LOST = "hythe_windows_waiting", "hythe_observations_lost_total"


class Asking:
    """Callers in threads: the ids of what was answered, and how many requests broke off."""

    def __init__(self, url: str, callers: int = CALLERS) -> None:
        self._url = url
        self.ids: list[str] = []
        self.broken = 0
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(n,)) for n in range(callers)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def more(self, answers: int) -> None:
        """Wait for so many more answers."""
        wanted = len(self.ids) + answers
        until(lambda: len(self.ids) >= wanted)

    def _ask(self, number: int) -> None:
        while not self._over.is_set():
            with httpx.Client(base_url=self._url) as client:
                try:
                    while not self._over.is_set():
                        said = client.post("/predict/churn", json={"rows": [row(number), row(number + 3)]})
                        self.ids.append(said.raise_for_status().json()["prediction_id"])
                        number += 1
                except httpx.TransportError:
                    self.broken += 1


def killed(url: str) -> int:
    """Read how many requests killed processes are said to have taken with them."""
    metrics = httpx.get(f"{url}/metrics").text
    assert f'{LOST}{{reason="ring"}}' not in metrics
    said = re.search(rf'{LOST}{{reason="killed"}} (\d+)', metrics)
    return int(said[1]) if said else 0


def test_what_killed_workers_had_not_told_is_little_and_counted(
    server: Running,  # noqa: F811 - the fixture
    catalog: Observations,  # noqa: F811 - the fixture
) -> None:
    draw, kills = random.Random(7), 4
    with Asking(server.url) as asking:
        for _ in range(kills):
            asking.more(50)
            os.kill(draw.choice(server.workers()), signal.SIGKILL)
        asking.more(50)
    ids = {*asking.ids}
    until(lambda: len(ids - {join.id for join in joined(catalog, [*ids])}) <= killed(server.url))
    lost, found = killed(server.url), whole(catalog)
    # Of each worker what waited for its record, and what was inside; callers saw the latter break off.
    assert lost <= kills * (MOST_CALLS + CALLERS)
    assert len(ids) - lost <= found.count("answered") <= len(ids) + asking.broken
    assert found.answered_rows == found.counted_rows == 2 * found.count("answered")


class House:
    """Two workers' rings and one sidecar after another, on a clock of ours and a real catalog."""

    def __init__(self, folder: Path, url: str) -> None:
        self.clock = FakeClock()
        self._folder, self._url = folder, url
        self._descriptors = [create(2**18), create(2**18)]
        self._counters = counters.create(1)
        versions = ("1.0.0", "1.1.0")
        self._recorders = [
            [Recorder(Ring(descriptor), "churn", version) for version in versions]
            for descriptor in self._descriptors
        ]
        self.rows: Counter[str] = Counter()
        self.ids: list[str] = []
        self.begin()

    def begin(self) -> None:
        """Begin as a new sidecar does; what the one before had in memory is gone."""
        shared, rings = Counters(self._counters, 0), [Ring(descriptor) for descriptor in self._descriptors]
        intake = Intake(rings, lambda *_: None, (Errors(),), Losses(shared), log=LogFile(""), join_share=1.0)
        self._database = Database(self._url, 0.1, makes=False)
        self.spool = Spool(self._folder / "observations", rings[0].id)
        outbox = Outbox(Observations(self._database), self.spool, rings[0].id, clock=self.clock)
        self._sidecar = Sidecar(intake, outbox, shared, clock=self.clock, hurry=lambda: True)

    def kill(self) -> None:
        """End the sidecar: the system lets go of what it had open."""
        self.spool.close()
        self._database.close()

    def pass_second(self) -> None:
        """Answer requests of one to three rows, by both versions in both workers; let a second pass."""
        at_ns = int(self.clock.now().timestamp()) * 10**9
        for number, recorders in enumerate(self._recorders):
            for version, recorder in zip(("1.0.0", "1.1.0"), recorders, strict=True):
                rows = 1 + (len(self.ids) + number) % 3
                call = Call(f"id-{len(self.ids)}", rows, revision=1 + len(self.ids) // 1000)
                answers = {"value": np.arange(rows) / 2}
                assert recorder.batch([call], {}, answers, inference_s=0.001, at_ns=at_ns)
                self.ids.append(call.id)
                self.rows[version] += rows
        self.step(1.0)

    def step(self, seconds: float) -> None:
        self.clock.tick(seconds)
        self._sidecar.step()

    def metric(self, name: str) -> float:
        found = Counters(self._counters, 0).read()
        return sum(values[0] for (known, _), values in found.items() if known == name)

    def stored(self) -> Counter[str]:
        """Count the answered rows in the catalog, by version."""
        found: Counter[str] = Counter()
        for window in windows(Observations(self._database), "churn"):
            found[window.version] += window.answered_rows
        return found

    def joined(self) -> int:
        return len(joined(Observations(self._database), self.ids))


@pytest.fixture(params=["sqlite", "postgresql"])
def away(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[House, Sqlite | Postgres]]:
    with ExitStack() as stack:
        (tmp_path / "home").mkdir()
        outage = Sqlite(tmp_path) if request.param == "sqlite" else Postgres(tmp_path, stack)
        url = outage.url or f"sqlite:///{tmp_path / 'home' / 'catalog.db'}"
        made = Database(url)
        assert Observations(made).endpoints() == []  # the catalog is there before the sidecar
        made.close()
        found = House(tmp_path, url)
        stack.callback(found.kill)
        yield found, outage


def test_a_catalog_that_is_away_for_ten_minutes_misses_no_row(away: tuple[House, Sqlite | Postgres]) -> None:
    house, outage = away
    for _ in range(5):
        house.pass_second()
    assert house.stored() == house.rows
    outage.stop()
    most_waiting = 0.0
    for second in range(TEN_MINUTES_S):
        if second == TEN_MINUTES_S // 2:
            house.kill()
            house.begin()
        house.pass_second()
        most_waiting = max(most_waiting, house.metric(WAITING))
    outage.begin()
    for _ in range(30):
        house.step(5.0)
    assert house.stored() == house.rows
    assert house.joined() == len(house.ids)
    assert (house.metric(WAITING), house.metric(LOST)) == (0, 0)
    assert not house.spool.path.exists()
    # Of 2 versions and up to 4 plans a minute; had each second waited by itself, these were 1,200 and more.
    assert 0 < most_waiting <= 2 * TEN_MINUTES_S / 2
