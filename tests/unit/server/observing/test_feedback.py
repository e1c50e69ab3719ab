"""The sidecar brings feedback from the rings to the catalog, once, whatever is in the way."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from hythe.base.errors import Unavailable, Unsupported
from hythe.dataplane.feedback import FeedbackDesk
from hythe.dataplane.record import Recorder
from hythe.monitor.records.call import Call
from hythe.monitor.records.record import Told
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.registry.windows import Delivery, Observations
from hythe.runtime import counters
from hythe.runtime.counters import Counters
from hythe.runtime.ring import Ring, create
from hythe.server.observing import intake as intake_module
from hythe.server.observing.intake import Intake
from hythe.server.observing.log_file import LogFile
from hythe.server.observing.losses import Losses
from hythe.server.observing.outbox import Outbox
from hythe.server.observing.sidecar import Sidecar
from hythe.server.observing.spool import Spool
from hythe.testing.fake_clock import FakeClock


class Line(NamedTuple):
    """From a worker's desk to the catalog."""

    desk: FeedbackDesk
    ring: Ring
    counters: Counters
    intake: Intake


@pytest.fixture
def line() -> Iterator[Line]:
    ring, memory = create(), counters.create(1)
    counted, taking = Counters(memory, 0), Ring(ring)
    intake = Intake([taking], lambda _e, _v: None, (), Losses(counted), log=LogFile(""), join_share=0.0)
    yield Line(FeedbackDesk(counted, Ring(ring)), taking, counted, intake)
    os.close(ring)
    os.close(memory)


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    made = Catalog(Database("sqlite://"))
    yield made
    made.close()


def told(count: int, first: int = 0) -> list[Told]:
    return [Told("id", number, "outcome", '"yes"') for number in range(first, first + count)]


def tell(line: Line, endpoint: str, what: list[Told]) -> int:
    return asyncio.run(line.desk.take(endpoint, what))


class Gone(Observations):
    """A catalog that can be away."""

    gone = False

    def store(self, delivery: Delivery) -> bool:
        if self.gone:
            raise Unavailable("the catalog does not answer; start it")
        return super().store(delivery)


def test_what_is_told_is_brought_to_the_catalog_and_its_room_given_back(
    line: Line, catalog: Catalog, tmp_path: Path
) -> None:
    clock = FakeClock()
    outbox = Outbox(catalog.observations, Spool(tmp_path, "s"), "s", clock=clock)
    matched: list[int] = []

    def match() -> bool:
        matched.append(len(catalog.feedback.new(5000)))
        return len(matched) < 3

    sidecar = Sidecar(line.intake, outbox, line.counters, match=match, clock=clock, hurry=lambda: True)
    assert tell(line, "churn", told(2500)) == 2500
    for _ in range(5):
        sidecar.step()
    assert matched == [2500] * 3
    assert (line.ring.used, catalog.feedback.counts("churn").waiting) == (0, 2500)
    sidecar.finish()


def test_feedback_alone_comes_out_of_the_spool_when_the_catalog_is_back(line: Line, tmp_path: Path) -> None:
    """No window comes with it, and so nothing else that would bring it along."""
    database, clock = Database("sqlite://"), FakeClock()
    observations = Gone(database)
    outbox = Outbox(observations, Spool(tmp_path, "s"), "s", clock=clock)
    sidecar = Sidecar(line.intake, outbox, line.counters, clock=clock, hurry=lambda: True)
    observations.gone = True
    tell(line, "churn", told(3))
    sidecar.step()
    assert line.ring.used == 0
    assert list(tmp_path.glob("*.spool"))
    observations.gone = False
    clock.tick(20.0)
    sidecar.step()
    assert not list(tmp_path.glob("*.spool"))
    assert Catalog(database).feedback.counts("churn").waiting == 3
    database.close()


def test_a_sidecar_after_it_finds_feedback_in_the_spool(line: Line, catalog: Catalog, tmp_path: Path) -> None:
    clock, gone = FakeClock(), Gone(Database("sqlite://"))
    gone.gone = True
    spool = Spool(tmp_path, "s")
    first = Sidecar(
        line.intake, Outbox(gone, spool, "s", clock=clock), line.counters, clock=clock, hurry=lambda: True
    )
    tell(line, "churn", told(3))
    first.step()
    spool.close()
    outbox = Outbox(catalog.observations, Spool(tmp_path, "s"), "s", clock=clock)
    clock.tick(20.0)
    Sidecar(line.intake, outbox, line.counters, clock=clock, hurry=lambda: True).step()
    assert catalog.feedback.counts("churn").waiting == 3


def test_what_memory_cannot_hold_in_an_outage_is_counted_as_lost(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "_MOST_FEEDBACK", 10)
    tell(line, "churn", told(12))
    line.intake.poll()
    line.intake.coarsen(60)
    assert [record.row for record in line.intake.hand_on().feedback] == list(range(10))
    lost = line.counters.read()["hythe_observations_lost_total", (("reason", "feedback"),)]
    assert lost == [2.0]


def test_without_a_catalog_no_feedback_is_taken(line: Line) -> None:
    with pytest.raises(Unsupported, match="no catalog to keep feedback in"):
        asyncio.run(FeedbackDesk(line.counters).take("churn", told(1)))


def test_a_join_record_says_what_the_probabilities_are_of() -> None:
    ring, memory = create(), counters.create(1)
    classes = {("churn", "1.0.0"): {"probabilities": ("no", "yes"), "absent": (1, 2)}}
    intake = Intake(
        [Ring(ring)], lambda _e, _v: None, (), Losses(Counters(memory, 0)), log=LogFile(""), join_share=1.0,
        classes=lambda endpoint, version: classes.get((endpoint, version), {}),
    )  # fmt: skip
    answers = {"label": np.array(["no"]), "probabilities": np.array([[0.75, 0.25]])}
    for version in ("1.0.0", "2.0.0"):
        recorder = Recorder(Ring(ring), "churn", version)
        call = Call("017f22e2-79b0-7000-8000-000000000000", 1)
        assert recorder.batch([call], {"numbers": np.zeros((1, 2))}, answers, inference_s=1e-5, at_ns=1)
    intake.poll()
    intake.finish()
    joins = intake.hand_on().joins
    assert [join.classes for join in joins] == [{"probabilities": ["no", "yes"]}, {}]
    assert joins[0].outputs["probabilities"] == [[0.75, 0.25]]
    os.close(ring)
    os.close(memory)
