"""What a plan asks of the sidecar: which predictions to keep, how to score them, whether keys count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sqlalchemy import select
from tests.unit.server.observing.test_parts import version

from hythe.dataplane.record import Recorder
from hythe.dataplane.spec import EndpointSpec, Posting
from hythe.monitor.records.call import Call
from hythe.monitor.windows.score import Score
from hythe.monitor.windows.statistic import Prediction
from hythe.operations.windows import windows
from hythe.registry.database import Database
from hythe.registry.outcomes import OutcomeRecord
from hythe.registry.tables import outcomes
from hythe.registry.windows import Observations
from hythe.rollout.plan import Arm, Plan
from hythe.rollout.sticky import key_hash
from hythe.runtime import counters
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.counters import Counters
from hythe.runtime.ring import Ring, create
from hythe.server.observing.followed import Followed
from hythe.server.observing.intake import Intake
from hythe.server.observing.log_file import LogFile
from hythe.server.observing.losses import Losses
from hythe.server.observing.outbox import Outbox
from hythe.server.observing.sidecar import Sidecar
from hythe.server.observing.spool import Spool
from hythe.server.observing.versions import Versions
from hythe.testing.fake_clock import FakeClock

ANA, BO = key_hash("ana"), key_hash("bo")


def test_a_plan_is_followed_as_the_bulletin_has_it(tmp_path: Path) -> None:
    bulletin = Bulletin.create()
    versions = Versions(bulletin, 0)
    one, two = version(tmp_path, "1.0.0"), version(tmp_path, "2.0.0")
    split = Plan((Arm("1.0.0", one.digest), Arm("2.0.0", two.digest)), sticky="caller", join_share=0.5)
    for plan, expected in (
        (split, (False, 0.5)),
        (msgspec.structs.replace(split, rollout="r1"), (True, 0.5)),
        (msgspec.structs.replace(split, sticky="", rollout="r1", join_share=None), (False, None)),
    ):
        bulletin.publish(Posting((EndpointSpec("churn", plan, (one, two)),)).encode())
        versions.refresh()
        found = versions.followed("churn")
        assert (found.keyed, found.join_share) == expected
        assert found.score == Score("probabilities", label="yes", last=True)
    assert versions.followed("fraud") == Followed()


class Line:
    """A recorder, the sidecar, and the catalog behind it."""

    def __init__(self, folder: Path, followed: dict[str, Followed]) -> None:
        self.clock = FakeClock()
        self.observations = Observations(Database(f"sqlite:///{folder / 'catalog.db'}"))
        shared = Counters(counters.create(1), 0)
        self._ring = create()
        ring = Ring(self._ring)
        intake = Intake(
            [ring],
            lambda *_: None,
            (Prediction(),),
            Losses(shared),
            log=LogFile(""),
            join_share=0.0,
            follow=lambda endpoint: followed.get(endpoint, Followed()),
        )
        self.spool = Spool(folder / "spool", ring.id)
        outbox = Outbox(self.observations, self.spool, ring.id, clock=self.clock)
        self.sidecar = Sidecar(intake, outbox, shared, clock=self.clock, hurry=lambda: True)

    def answer(self, endpoint: str, *calls: Call, value: float = 0.25) -> None:
        """Observe a batch of these requests, of a row each, and let the sidecar store it."""
        at_ns = int(self.clock.now().timestamp() * 1e9)
        answers = {"value": np.full(len(calls), value)}
        Recorder(Ring(self._ring), endpoint, "1.0.0").batch(
            list(calls), {}, answers, inference_s=0.001, at_ns=at_ns
        )
        self.clock.tick(1.0)
        self.sidecar.step()

    def outcomes(self) -> list[OutcomeRecord]:
        """Read what keys told."""
        with self.observations._database.reading() as connection:
            rows = connection.execute(select(outcomes).order_by(outcomes.c.id, outcomes.c.metric)).mappings()
            return [OutcomeRecord(**row) for row in rows]


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    score = Score("value")
    made = Line(
        tmp_path,
        {"churn": Followed(score, keyed=True), "fraud": Followed(score), "kept": Followed(join_share=1.0)},
    )
    yield made
    made.spool.close()


def test_what_keys_tell_first_stands_in_the_catalog(line: Line) -> None:
    drawn: dict[str, Any] = {"key": ANA, "revision": 4, "share": 0.25}
    line.answer("churn", Call("a", 1, duration_s=0.5, **drawn), Call("b", 1, "failed", **drawn))
    line.answer("churn", Call("c", 1, **{**drawn, "key": BO}), Call("d", 1, **drawn))
    found = line.outcomes()
    assert {(item.id, item.metric, item.value) for item in found if item.key == ANA} == {
        ("a", "error_rate", 0.0),
        ("a", "refusal_rate", 0.0),
        ("a", "latency", 0.5),
        ("a", "prediction", 0.25),
    }
    assert {item.id for item in found if item.key == BO} == {"c"}
    assert {(item.row, item.endpoint, item.version, item.revision, item.share) for item in found} == {
        (0, "churn", "1.0.0", 4, 0.25),
    }


def test_where_keys_do_not_count_they_tell_nothing(line: Line) -> None:
    line.answer("fraud", Call("a", 1, key=ANA))
    assert line.outcomes() == []
    [window] = windows(line.observations, "fraud")
    assert window.statistics["prediction"] == (1, 250, 250**2, 250**3)


def test_a_plan_says_itself_which_share_is_kept_for_feedback(line: Line) -> None:
    line.answer("kept", Call("a", 1))
    line.answer("fraud", Call("b", 1))
    assert [join.id for join in line.observations.joined(["a", "b"])] == ["a"]
