"""Endpoints and rollouts from Python."""

from pathlib import Path

import pytest

import hythe
from hythe.base.errors import Conflict, Invalid, NotFound
from hythe.registry.registry import Registry
from hythe.rollout.policy import Policy
from hythe.testing.versions import add_version


@pytest.fixture
def home(tmp_path: Path) -> Path:
    registry = Registry.open(tmp_path / "home")
    add_version(registry, "1.0.0")
    add_version(registry, "1.1.0")
    registry.close()
    return tmp_path / "home"


def test_an_endpoint_is_made_planned_told_of_and_removed(home: Path, tmp_path: Path) -> None:
    assert hythe.create_endpoint("scoring", "churn:1.0.0", home=home).revision == 1
    canary = {
        "model": "churn",
        "arms": [{"version": "1.0.0", "weight": 95}, {"version": "1.1.0", "weight": 5}],
    }
    assert hythe.apply_plan(canary, endpoint="scoring", home=home, why="try").revision == 2
    [known] = hythe.endpoints(home=home)
    assert known.plan is not None
    assert [arm.weight for arm in known.plan.arms] == [95, 5]
    file = tmp_path / "scoring.toml"
    file.write_text('model = "churn"\narms = [{ version = "1.1.0" }]\n')
    assert hythe.apply_plan(file, home=home, dry_run=True).changes == (
        "arm 1.0.0: 95% -> none",
        "arm 1.1.0: 5% -> 100%",
    )
    with pytest.raises(Conflict, match="at revision 2, not 1"):
        hythe.apply_plan(str(file), home=home, expected_revision=1)
    with pytest.raises(Invalid, match="names no endpoint"):
        hythe.apply_plan(canary, home=home)
    hythe.remove_endpoint("scoring", home=home)
    assert [move.revision for move in hythe.endpoint_history("scoring", home=home)] == [1, 2, 0]
    assert hythe.endpoints(home=home) == []


def test_a_rollout_is_begun_looked_at_moved_and_taken_back(home: Path) -> None:
    hythe.create_endpoint("scoring", "churn:1.0.0", home=home)
    with pytest.raises(NotFound, match="never in a rollout"):
        hythe.rollout_status("scoring", home=home)
    tried = hythe.start_rollout("scoring", "churn:1.1.0", Policy(strategy="canary"), home=home, dry_run=True)
    assert [stage.share for stage in tried.rollout.stages] == [0.05, 0.25, 0.5]
    hythe.start_rollout("scoring", "churn:1.1.0", {"strategy": "canary", "steps": [0.2]}, home=home)
    assert hythe.rollout_status("scoring", home=home).share == 0.2
    assert hythe.pause_rollout("scoring", home=home).status == "paused"
    assert hythe.resume_rollout("scoring", home=home).status == "running"
    assert hythe.promote_rollout("scoring", home=home).status == "promoted"
    done = hythe.rollback("scoring", home=home)
    assert [arm.version for arm in done.plan.arms] == ["1.0.0"]
    hythe.start_rollout("scoring", "churn:1.1.0", home=home)
    assert hythe.abort_rollout("scoring", home=home).status == "aborted"


def test_all_that_hythe_offers_is_there() -> None:
    for name in hythe.__all__:
        assert getattr(hythe, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'endpoint'"):
        hythe.endpoint  # noqa: B018 - asking is the test


def test_rollouts_are_simulated_from_their_fields(home: Path) -> None:
    hythe.create_endpoint("scoring", "churn:1.0.0", home=home)
    found = hythe.simulate_rollout(
        "scoring",
        "churn:1.1.0",
        {"strategy": "canary", "guards": [{"metric": "error_rate"}]},
        assumed={"requests_per_s": 500, "candidate": {"error_rate": 0.05}},
        runs=5,
        home=home,
    )
    assert found.such is not None
    assert (found.such.rolled_back.share, found.equal.promoted.share) == (1.0, 1.0)
