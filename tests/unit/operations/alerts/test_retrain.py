"""The retraining trigger: once for each cause, with the evidence, and not again while it cools down."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.monitor.alerts.play import finding
from tests.unit.operations.alerts.scene import Scene

from hythe.monitor.retrain import Retrain
from hythe.operations.alerts.act import resolve

BAD = finding("feature:age", p_value=1e-9, value=0.4)


@pytest.fixture
def train(tmp_path: Path) -> Path:
    """Make a command that keeps each evidence, and fails while there is no file `up`."""
    script = tmp_path / "train.sh"
    script.write_text(f"#!/bin/sh\ncat >> {tmp_path}/seen; echo >> {tmp_path}/seen; test -e {tmp_path}/up\n")
    script.chmod(0o755)
    (tmp_path / "up").touch()
    return script


def seen(train: Path) -> list[dict[str, object]]:
    place = train.parent / "seen"
    return [json.loads(line) for line in place.read_text().splitlines()] if place.exists() else []


def test_the_command_gets_the_alert_and_each_finding_in_full(scene: Scene, train: Path) -> None:
    scene.policy(retrain=(Retrain(on="drift", command=(str(train),)),))
    scene.hour(BAD)
    scene.deliver()
    [evidence] = seen(train)
    assert (evidence["type"], evidence["attempt"]) == ("retraining.due", 1)
    assert evidence["findings"] == [
        {
            "kind": "drift", "check": "distribution", "subject": "feature:age", "verdict": "alarm",
            "message": "feature:age alarm", "value": 0.4, "p_value": 1e-9,
        }
    ]  # fmt: skip
    [entry] = [each for each in scene.catalog.history("alert/1") if each.action == "retraining started"]
    assert (entry.actor, entry.why) == ("controller", "scoring 1.0.0: drifted: age")
    assert entry.after["evidence"] == ["feature:age alarm"]


def test_drift_that_goes_on_starts_it_once(scene: Scene, train: Path) -> None:
    scene.policy(retrain=(Retrain(on="drift", command=(str(train),), cool_down_s=0),))
    for _ in range(30):
        scene.hour(BAD)
        scene.deliver()
    assert len(seen(train)) == 1


def test_another_cause_within_the_cool_down_does_not_start_it(scene: Scene, train: Path) -> None:
    scene.policy(retrain=(Retrain(on="drift", command=(str(train),), cool_down_s=3 * 3600),))
    for _ in range(5):
        scene.hour(BAD)
        scene.deliver()
        for record in scene.catalog.alerts.read(states=("firing",)):
            resolve(scene.catalog, record.id, actor="ana", clock=scene.clock)
    assert [evidence["data"]["alert"] for evidence in seen(train)] == [1, 4]  # type: ignore[index]
    assert scene.states(2) == {"fired retrain": "cooling"}
    assert scene.faults(2) == ["alert 1 started it at 2026-01-05T01:00:00.000Z"]


def test_other_rules_do_not_start_it(scene: Scene, train: Path) -> None:
    scene.policy(retrain=(Retrain(on="performance", command=(str(train),)),))
    scene.hour(BAD)
    scene.deliver()
    assert seen(train) == []


def test_a_command_that_fails_is_started_again_a_few_times(scene: Scene, train: Path) -> None:
    scene.policy(retrain=(Retrain(on="drift", command=(str(train),)),))
    (train.parent / "up").unlink()
    scene.hour(BAD)
    scene.deliver()
    scene.deliver_for(7200, 30)
    assert [evidence["attempt"] for evidence in seen(train)] == [1, 2, 3, 4, 5]
    assert len({str(evidence["id"]) for evidence in seen(train)}) == 1
    assert scene.states() == {"fired retrain": "given up"}


def test_a_controller_that_dies_while_it_runs_leaves_a_second_attempt(
    scene: Scene, train: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.policy(retrain=(Retrain(on="drift", command=(str(train),)),))
    scene.hour(BAD)

    def dies(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("hythe.operations.alerts.command.run", dies)
        scene.deliver()
    scene.deliver_for(600, 60)
    assert seen(train) == []
    scene.deliver_for(120, 60)
    assert [evidence["attempt"] for evidence in seen(train)] == [2]


def test_without_a_command_it_is_an_event_in_the_log(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.policy(retrain=(Retrain(on="drift"),))
    scene.hour(BAD)
    scene.deliver()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    [line] = [each for each in lines if each.get("event.action") == "retraining-due"]
    assert line["hythe.alert"] == 1
    assert json.loads(line["event.original"])["findings"][0]["subject"] == "feature:age"
