"""Every row of the prediction log is written once, or lost and counted, whatever is killed or away."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hythe.base.errors import Unavailable
from hythe.bundle.feed import Feed
from hythe.bundle.schema import Column, Output, Schema
from hythe.dataplane.record import Recorder
from hythe.monitor.records.call import Call
from hythe.monitor.records.observing import Observing
from hythe.monitor.records.restore import Restorer
from hythe.operations.predictions.log import PredictionLog
from hythe.operations.predictions.read import read_predictions
from hythe.operations.predictions.store import Folder
from hythe.operations.predictions.table import Rows
from hythe.runtime import counters
from hythe.runtime.counters import Counters
from hythe.runtime.ring import Ring, create
from hythe.server.observing.handover import Handover
from hythe.server.observing.intake import Intake
from hythe.server.observing.log_file import LogFile
from hythe.server.observing.losses import Losses
from hythe.server.observing.prediction_writer import PredictionWriter
from hythe.testing.fake_clock import FakeClock

SCHEMA = Schema((Column("age", "int64"),), (Output("value", "float64"),))
FEED = Feed(numbers=("age",))
AT_NS = 1_800_000_000 * 10**9
DAY_NS = 86400 * 10**9
LOST = ("hythe_observations_lost_total", (("reason", "predictions"),))


class Killed(BaseException):
    """Stands for the end of the process at this instruction."""


class Flaky(Folder):
    """A store that is `gone`, or ends the process `before` or `after` it has written a file."""

    mode = ""
    tries = 0

    def write(self, path: str, data: bytes) -> None:
        self.tries += 1
        if self.mode == "gone":
            raise Unavailable("the store is gone")
        if self.mode == "before":
            raise Killed
        super().write(path, data)
        if self.mode == "after":
            raise Killed


class Host:
    """A worker's ring, one sidecar after another, a ring to the writer, and one writer after another."""

    def __init__(self, folder: Path, *, size: int = 2**16, share: float = 1.0) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.store = Flaky(folder)
        self.config = PredictionLog(place=str(folder), share=share, write_s=10.0)
        self.descriptors = create(2**16), create(size, marks=1)
        self._counters = counters.create(1)
        self.recorders = {
            name: Recorder(Ring(self.descriptors[0]), name, "1.0.0") for name in ("churn", "fraud")
        }
        self.put = 0
        self.known = {"churn", "fraud"}
        self.start_sidecar()
        self.start_writer()

    @property
    def losses(self) -> Losses:
        return Losses(Counters(self._counters, 0))

    def start_sidecar(self) -> None:
        """Begin as a new process does, which finds in the ring what was not given back."""
        handover = Handover(Ring(self.descriptors[1]), self.config.share, self.losses)
        self.intake = Intake(
            [Ring(self.descriptors[0])], lambda *_: None, (), self.losses, log=LogFile(""), join_share=0.0,
            handover=handover,
        )  # fmt: skip

    def start_writer(self) -> None:
        rows = Rows(SCHEMA, Restorer(SCHEMA, FEED, Observing()), share=self.config.share)

        def find(endpoint: str, _version: str) -> Rows | None:
            return rows if endpoint in self.known else None

        self.writer = PredictionWriter(
            self.descriptors[1], self.config, self.store,
            find, self.losses, clock=self.clock,
        )  # fmt: skip

    def answer(self, n: int = 1, *, endpoint: str = "churn", at_ns: int = AT_NS) -> None:
        for _ in range(n):
            call = Call(f"017f22e2-79b0-7000-8000-{self.put * 7919 % 2**48:012x}", 1)
            feeds, found = (
                {"numbers": np.array([[self.put]], dtype=float)},
                {"value": np.array([self.put / 2])},
            )
            assert self.recorders[endpoint].batch([call], feeds, found, inference_s=0.0, at_ns=at_ns)
            self.put += 1

    def pass_on(self, *, give_back: bool = True) -> None:
        """Let the sidecar hand over what is there, and give its room back as when the catalog has it."""
        self.intake.poll()
        ring = self.intake.rings[0]
        if give_back:
            ring.release(self.intake.gathered.positions.get(ring.id, 0))

    def step(self, seconds: float) -> None:
        self.clock.tick(seconds)
        self.writer.step()

    @property
    def ages(self) -> list[int]:
        """The rows in the log."""
        if not list(self.folder.rglob("*.parquet")):
            return []
        table = read_predictions(self.folder).to_table()
        assert [age / 2 for age in table["age"].to_pylist()] == table["hythe_output_value"].to_pylist()
        return sorted(table["age"].to_pylist())

    @property
    def lost(self) -> float:
        return Counters(self._counters, 0).read().get(LOST, [0.0])[0]

    def close(self) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host(tmp_path)
    yield made
    made.close()


def test_rows_are_written_when_they_are_due_and_their_room_is_given_back(host: Host) -> None:
    host.answer(5)
    host.pass_on()
    host.step(0.0)
    host.step(9.0)
    assert host.ages == []
    host.step(2.0)
    assert host.ages == list(range(5))
    assert Ring(host.descriptors[1]).used == 0
    host.step(60.0)
    assert len(list(host.folder.rglob("*.parquet"))) == 1


def test_files_are_parted_by_endpoint_and_day(host: Host) -> None:
    host.answer(2)
    host.answer(3, endpoint="fraud")
    host.answer(4, at_ns=AT_NS + DAY_NS)
    host.pass_on()
    assert host.writer.write()
    parts = {path.parent.relative_to(host.folder).as_posix() for path in host.folder.rglob("*.parquet")}
    assert parts == {
        "hythe_endpoint=churn/hythe_day=2027-01-15/hythe_version=1.0.0",
        "hythe_endpoint=churn/hythe_day=2027-01-16/hythe_version=1.0.0",
        "hythe_endpoint=fraud/hythe_day=2027-01-15/hythe_version=1.0.0",
    }
    assert host.ages == list(range(9))


def test_a_ring_that_fills_is_written_early(host: Host) -> None:
    for _ in range(30):
        host.answer(20)
        host.pass_on()
        host.step(0.1)
    assert host.lost == 0
    assert len(host.ages) > 300


def test_while_the_store_is_gone_rows_wait_and_are_written_when_it_is_back(host: Host) -> None:
    host.store.mode = "gone"
    for _ in range(3):
        host.answer(5)
        host.pass_on()
        host.step(40.0)
    assert host.ages == []
    host.store.mode = ""
    host.step(60.0)
    assert host.ages == list(range(15))
    assert host.lost == 0


def test_what_finds_no_room_while_the_store_is_gone_is_counted_and_nobody_waits(tmp_path: Path) -> None:
    host = Host(tmp_path, size=2**13)
    host.store.mode = "gone"
    for _ in range(10):
        host.answer(20)
        host.pass_on()
        host.step(40.0)
    host.store.mode = ""
    host.step(60.0)
    assert 0 < len(host.ages) < 200
    assert len(host.ages) + host.lost == 200
    host.close()


@pytest.mark.parametrize("mode", ["before", "after"])
def test_a_writer_that_is_killed_while_writing_writes_each_row_once(host: Host, mode: str) -> None:
    host.answer(5)
    host.answer(5, endpoint="fraud")
    host.pass_on()
    host.store.mode = mode
    with pytest.raises(Killed):
        host.writer.write()
    host.store.mode = ""
    host.start_writer()
    host.answer(5)
    host.pass_on()
    assert host.writer.write()
    assert host.ages == list(range(15))


def test_a_sidecar_that_reads_its_rings_again_has_no_row_written_twice(host: Host) -> None:
    host.answer(5)
    host.pass_on(give_back=False)
    assert host.writer.write()
    host.start_sidecar()
    host.answer(3)
    host.pass_on(give_back=False)
    host.start_sidecar()
    host.pass_on()
    assert host.writer.write()
    assert host.ages == list(range(8))


@pytest.mark.parametrize("mode", ["", "before", "after"])
def test_a_writer_and_a_sidecar_that_are_killed_after_one_another_have_no_row_written_twice(
    host: Host, mode: str
) -> None:
    host.answer(5)
    host.pass_on(give_back=False)
    assert host.writer.write()
    host.start_sidecar()
    host.answer(3)
    host.store.mode = mode
    host.pass_on(give_back=False)
    if mode:
        with pytest.raises(Killed):
            host.writer.write()
        host.store.mode = ""
    host.start_writer()
    host.start_sidecar()
    host.pass_on()
    assert host.writer.write()
    host.start_writer()
    assert host.writer.write()
    assert host.ages == list(range(8))


def test_only_the_share_is_handed_over(tmp_path: Path) -> None:
    host = Host(tmp_path, share=1e-9)
    host.answer(100)
    host.pass_on()
    assert Ring(host.descriptors[1]).used == 0
    host.close()


def test_predictions_of_a_version_that_nobody_knows_are_lost_and_counted(host: Host) -> None:
    host.known = {"churn"}
    host.answer(2)
    host.answer(3, endpoint="fraud")
    host.pass_on()
    assert host.writer.write()
    assert (host.ages, host.lost) == ([0, 1], 3)


def test_the_end_waits_for_the_sidecars_last_records(host: Host) -> None:
    host.answer(2)
    host.pass_on()
    assert not host.writer.finish()
    host.answer(1)
    host.pass_on()
    host.intake.finish()
    host.store.mode = "gone"
    assert not host.writer.finish()
    host.store.mode = ""
    host.clock.tick(1.0)
    assert host.writer.finish()
    assert host.ages == [0, 1, 2]
    host.start_sidecar()
    assert not host.writer.finish()


def test_at_the_end_a_store_that_is_gone_is_tried_at_once_and_then_some_times_only(
    host: Host, capfd: pytest.CaptureFixture[str]
) -> None:
    host.answer(2)
    host.pass_on()
    host.store.mode = "gone"
    for _ in range(10):
        host.step(20.0)
    host.intake.finish()
    before = host.store.tries
    for _ in range(400):
        assert not host.writer.finish()
        host.clock.tick(0.05)
    assert host.store.tries - before == 5  # at 0, 1, 3, 7 and 15 s
    host.store.mode = ""
    host.clock.tick(30.0)
    assert host.writer.finish()
    assert host.ages == [0, 1]
    told = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [(line["log.level"], line["message"]) for line in told] == [
        ("error", "predictions wait for their store"),
        ("info", "the store takes predictions again"),
    ]


def test_old_days_are_removed_as_time_passes(host: Host) -> None:
    now_ns = int(host.clock.now().timestamp()) * 10**9
    host.answer(1, at_ns=now_ns - 40 * DAY_NS)
    host.answer(1, at_ns=now_ns)
    host.pass_on()
    assert host.writer.write()
    assert host.ages == [0, 1]
    host.step(3601.0)
    assert host.ages == [1]
