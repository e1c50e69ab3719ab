"""Every observation is stored once, whatever dies or is away, or is counted as lost."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hythe.base.errors import Unavailable
from hythe.dataplane.record import Recorder
from hythe.monitor.records.call import Call
from hythe.monitor.windows.statistic import Errors
from hythe.monitor.windows.window import Window
from hythe.operations.windows import joined, windows
from hythe.registry.database import Database
from hythe.registry.windows import Delivery, Observations, Observed
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

WAITING = ("hythe_windows_waiting", ())


class Killed(BaseException):
    """Stands for the end of the process at this instruction."""


def die() -> None:
    """End the process here."""
    raise Killed


class Flaky(Observations):
    """A catalog that is `gone`, loses the connection while it commits (`unsure`), or ends the process
    before (`killed before`) or after it has committed (`killed`)."""

    mode = ""

    def store(self, delivery: Delivery) -> bool:
        if self.mode == "gone":
            raise Unavailable("the catalog is gone")
        if self.mode == "killed before":
            raise Killed
        stored = super().store(delivery)
        if self.mode == "unsure":
            raise Unavailable("the connection was lost")
        if self.mode == "killed":
            raise Killed
        return stored

    def observed(self, server: str) -> Observed:
        if self.mode in {"gone", "unsure"}:
            raise Unavailable("the catalog is gone")
        return super().observed(server)


class Host:
    """Two serving processes' rings, a catalog, and one sidecar after another."""

    def __init__(self, folder: Path, size: int = 2**16) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.observations = Flaky(Database(f"sqlite:///{folder / 'catalog.db'}"))
        self._rings = [create(size), create(size)]
        self._recorders = [Recorder(Ring(ring), "churn", "1.0.0") for ring in self._rings]
        self._counters = counters.create(1)
        self.put, self.refused = 0, 0
        self.no_disk = False
        self.hurry, self.busy_s, self._spent_s = False, 0.0, 0.0
        self.start()

    def start(self) -> None:
        """Begin as a new process does; whatever the one before had in memory is gone."""
        shared = Counters(self._counters, 0)
        rings = [Ring(ring) for ring in self._rings]
        intake = Intake(rings, lambda *_: None, (Errors(),), Losses(shared), log=LogFile(""), join_share=1.0)
        place = self.folder / ("no disk" if self.no_disk else "spool")
        if self.no_disk:
            place.touch()
        spool = Spool(place, rings[0].id)
        outbox = Outbox(self.observations, spool, rings[0].id, clock=self.clock)
        self.rings, self.spool = rings, spool
        self.sidecar = Sidecar(
            intake, outbox, shared, clock=self.clock, hurry=lambda: self.hurry, busy_s=self._spent
        )

    def _spent(self) -> float:
        """Give the processor time so far: each look at it is `busy_s` later."""
        self._spent_s += self.busy_s
        return self._spent_s

    def kill(self) -> None:
        """End the sidecar's process: the system lets go of its files."""
        self.spool.close()

    def answer(self, n: int = 1) -> None:
        """Observe `n` requests, in turn in each process."""
        for _ in range(n):
            recorder = self._recorders[self.put % 2]
            call = Call(f"id-{self.put}", 1)
            at_ns = int(self.clock.now().timestamp() * 1e9)
            if not recorder.batch([call], {}, {}, inference_s=0.001, at_ns=at_ns):
                self.refused += 1
            self.put += 1

    def step(self, seconds: float = 1.0) -> None:
        """Let time pass, and the sidecar take a turn."""
        self.clock.tick(seconds)
        self.sidecar.step()

    def stored(self) -> list[Window]:
        mode, self.observations.mode = self.observations.mode, ""
        found = windows(self.observations, "churn")
        self.observations.mode = mode
        return found

    @property
    def answered(self) -> int:
        return sum(window.count("answered") for window in self.stored())

    def metric(self, name: str, **labels: str) -> float:
        return Counters(self._counters, 0).read().get((name, tuple(labels.items())), [0.0])[0]


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    yield made
    made.kill()


def test_what_was_observed_is_stored_each_second(host: Host) -> None:
    host.answer(10)
    host.step()
    assert host.answered == 10
    host.answer(5)
    host.step(0.2)
    assert host.answered == 10
    host.step()
    assert host.answered == 15
    assert [ring.used for ring in host.rings] == [0, 0]


def test_guards_numbers_are_stored_with_the_window(host: Host) -> None:
    host.answer(3)
    host.step()
    assert [window.statistics for window in host.stored()] == [{"errors": (3, 0)}]


def test_a_ring_that_fills_is_emptied_before_the_second_is_over(host: Host) -> None:
    host.step()
    host.answer(300)
    host.step(0.0)
    assert host.answered == 300


@pytest.mark.parametrize("mode", ["killed before", "killed"])
def test_a_sidecar_killed_while_storing_stores_once(host: Host, mode: str) -> None:
    host.answer(10)
    host.observations.mode = mode
    with pytest.raises(Killed):
        host.step()
    host.kill()
    host.observations.mode = ""
    host.start()
    host.answer(1)
    host.step()
    host.step()
    assert host.answered == 11


def test_a_connection_lost_while_storing_stores_once(host: Host) -> None:
    host.step()
    host.answer(10)
    host.observations.mode = "unsure"
    host.step()
    assert host.answered == 10
    host.observations.mode = ""
    host.step(60)
    assert host.answered == 10
    assert host.metric("hythe_windows_waiting") == 0


def test_while_the_catalog_is_gone_windows_wait_on_the_disk_and_say_so(host: Host) -> None:
    host.observations.mode = "gone"
    for _ in range(5):
        host.answer(10)
        host.step(12)
    assert host.answered == 0
    assert host.metric("hythe_windows_waiting") > 0
    assert [ring.used for ring in host.rings] == [0, 0]
    host.observations.mode = ""
    host.step(60)
    assert host.answered == 50
    assert host.metric("hythe_windows_waiting") == 0
    assert not host.spool.path.exists()


def test_what_waits_on_the_disk_outlives_the_sidecar(host: Host) -> None:
    host.observations.mode = "gone"
    host.answer(10)
    host.step(12)
    host.kill()
    host.start()
    host.answer(5)
    host.step(12)
    host.observations.mode = ""
    host.step(60)
    assert host.answered == 15


def test_a_sidecar_that_cannot_tell_what_was_stored_waits_for_the_catalog(host: Host) -> None:
    host.answer(10)
    host.observations.mode = "killed"
    with pytest.raises(Killed):
        host.step()
    host.kill()
    host.observations.mode = "gone"
    host.start()
    host.step(20)
    assert host.metric("hythe_windows_waiting") == 0
    host.observations.mode = ""
    host.step(60)
    assert host.answered == 10


def test_without_catalog_and_disk_memory_holds_what_it_can(host: Host) -> None:
    host.kill()
    host.no_disk = True
    host.start()
    host.observations.mode = "gone"
    for _ in range(40):
        host.answer(100)
        host.step(15)
    assert host.answered == 0
    host.observations.mode = ""
    host.step(60)
    host.step(60)
    assert host.refused == 0
    assert host.answered == 4000


def test_what_finds_no_room_is_counted_as_lost_once(host: Host) -> None:
    host.answer(2000)
    assert host.refused > 0
    host.step()
    host.kill()
    host.start()
    host.step()
    assert host.answered == 2000 - host.refused
    assert host.metric("hythe_observations_lost_total", reason="ring") == host.refused


def test_what_a_killed_process_had_not_told_is_counted_once(host: Host) -> None:
    first, second = (Ring(ring) for ring in host._rings)
    for ring, entered in ((first, 5), (second, 1)):
        for _ in range(entered):
            ring.enter()
    host.answer(2)  # each process tells of one
    host.step()
    assert host.metric("hythe_observations_lost_total", reason="killed") == 0
    Ring(host._rings[0]).begin()  # the first was killed, and another is in its place
    host.step()
    assert host.metric("hythe_observations_lost_total", reason="killed") == 4
    host.start()
    host.step()
    second.enter()  # the second is killed, too, and nobody comes after it
    host.sidecar.finish()
    assert host.metric("hythe_observations_lost_total", reason="killed") == 5


def test_a_clock_that_was_set_back_does_not_stop_deliveries(host: Host) -> None:
    host.answer(1)
    host.step()
    host.clock._start -= timedelta(seconds=1000)
    host.answer(1)
    host.step()
    assert host.answered == 2


@pytest.mark.parametrize(("busy_s", "hurry", "lengths"), [
    (0.001, False, {1}), (0.011, False, {1, 2}), (0.5, False, {1, 5}), (0.5, True, {1}),
])  # fmt: skip
def test_what_is_costly_to_count_is_counted_in_longer_windows_unless_somebody_waits(
    host: Host, busy_s: float, hurry: bool, lengths: set[int]
) -> None:
    host.busy_s, host.hurry = busy_s, hurry
    for _ in range(12):
        host.answer(2)
        host.step()
    host.sidecar.finish()
    found = host.stored()
    assert host.answered == 24
    assert {window.period_s for window in found} == lengths
    assert all(window.start % window.period_s == 0 for window in found)
    assert sum(window.period_s == 1 for window in found) >= (12 if lengths == {1} else 1)


def test_the_end_of_the_server_stores_what_is_left(host: Host) -> None:
    host.step()
    host.answer(7)
    host.sidecar.finish()
    assert host.answered == 7


def test_joins_are_stored_with_their_windows(tmp_path: Path) -> None:
    host = Host(tmp_path)
    Recorder(Ring(host._rings[0]), "churn", "1.0.0").batch(
        [Call("a", 2, share=0.25, key="k")], {}, {"value": np.array([0.5, 1.5])}, inference_s=0, at_ns=5
    )
    host.step()
    [join] = joined(host.observations, ["a", "b"])
    assert (join.id, join.rows, join.share, join.key, join.outputs) == (
        "a",
        2,
        0.25,
        "k",
        {"value": [0.5, 1.5]},
    )
    host.kill()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), st.integers(1, 60)),
        st.tuples(st.just("step"), st.sampled_from([0.0, 0.2, 1.0, 12.0, 40.0])),
        st.tuples(st.just("mode"), st.sampled_from(["", "gone", "unsure", "killed", "killed before"])),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_whatever_happens_every_observation_is_stored_once_or_lost_and_counted(
    steps: list[tuple[str, object]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder))
        for what, how in steps:
            try:
                if what == "answer":
                    host.answer(int(str(how)))
                elif what == "step":
                    host.step(float(str(how)))
                elif what == "mode":
                    host.observations.mode = str(how)
                else:
                    die()
            except Killed:
                host.kill()
                host.start()
        host.observations.mode = ""
        for _ in range(3):
            with suppress(Killed):
                host.step(60)
        assert host.answered == host.put - host.refused
        assert host.metric("hythe_windows_waiting") == 0
        assert [ring.used for ring in host.rings] == [0, 0]
        host.kill()
