"""A policy is read whole or refused with what is wrong, and written so that it reads back."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.unit.operations.monitoring.scene import Scene

from hythe.base.errors import Conflict, Invalid, NotFound, Unsupported
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.retrain import Retrain
from hythe.monitor.rule import Rule
from hythe.monitor.service.limits import ServiceLimits
from hythe.operations.monitoring.policy import policy_in, policy_of, read_policy, stored, to_toml
from hythe.operations.monitoring.settings import apply, settings
from hythe.operations.whole import whole

FULL = """
format = 1
endpoint = "scoring"
false_alarms = 0.5
horizon_days = "30d"
periods_s = ["15m", "1h", 86400]
learning_days = "36h"
segments = ["contract"]
ignore = ["tenure", "feature:contract", "missing"]

[limits]
error_rate = 0.005
p99_s = "250ms"

[[rules]]
name = "labels"
check = "accuracy"
below = 0.8
severity = "critical"

[[deliver]]
to = "webhook"
url = "https://example.org/hook"
secret_env = "HOOK_SECRET"

[[retrain]]
on = "labels"
command = ["make", "train"]
cool_down_s = "12h"
"""


def test_durations_may_be_written_as_people_write_them() -> None:
    policy = policy_of(tomllib.loads(FULL))
    assert (policy.periods_s, policy.horizon_days, policy.learning_days) == ((900, 3600, 86400), 30, 1.5)
    assert policy.limits == ServiceLimits(error_rate=0.005, p99_s=0.25)
    assert policy.retrain == (Retrain(on="labels", command=("make", "train"), cool_down_s=43200),)
    assert policy.rules == (Rule(name="labels", check="accuracy", below=0.8, severity="critical"),)


@pytest.mark.parametrize("policy", [MonitorPolicy(), policy_of(tomllib.loads(FULL))], ids=["usual", "full"])
def test_a_policy_reads_back_as_toml_as_json_and_from_the_catalog(policy: MonitorPolicy) -> None:
    assert policy_of(tomllib.loads(to_toml("scoring", policy, "by ana"))) == policy
    assert policy_of(whole(policy)) == policy
    assert policy_of(stored(policy)) == policy


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"fales_alarms": 1}, "did you mean 'false_alarms'"),
        ({"xyz": 1}, "fields: false_alarms, horizon_days"),
        ({"rules": [{"name": "a", "sevirity": "info"}]}, "'rules' of the policy has a field 'sevirity'"),
        ({"limits": {"p98_s": 1}}, "'limits' of the policy has a field 'p98_s'"),
        ({"deliver": [{"to": "webhook", "uri": "x"}]}, "did you mean 'url'"),
        ({"periods_s": ["1 fortnight"]}, "periods_s of the policy: '1 fortnight' is no duration"),
        ({"periods_s": [0.5]}, "the policy does not fit"),
        ({"false_alarms": -1}, "false_alarms is -1"),
        ({"periods_s": ["400d"]}, "periods_s are lengths of periods, up to a year"),
        ({"learning_days": 1e300}, "learning_days is 1e.300; give a number from 0 to 366"),
        ({"least_rows": "many"}, "the policy does not fit"),
        ([], "a policy is a table of fields"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(document: Any, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        policy_of(document)


def test_a_policy_of_a_newer_hythe_is_refused(scene: Scene) -> None:
    with pytest.raises(Unsupported, match="written by a newer Hythe; this one knows up to 1"):
        policy_of({"format": 2, "false_alarms_per_moon": 1})
    with scene.registry.catalog.edit(actor="newer") as tx:
        tx.put_monitor("scoring", {"format": 2})
    with pytest.raises(Unsupported):
        policy_in(scene.registry.catalog.monitor("scoring"))


def test_a_file_names_its_endpoint_or_is_named_after_it(tmp_path: Path) -> None:
    file = tmp_path / "fraud.toml"
    file.write_text(FULL)
    assert read_policy(file)[0] == "scoring"
    file.write_text("least_rows = 50")
    assert read_policy(file) == ("fraud", MonitorPolicy(least_rows=50))
    file.write_text("least_rows = 'x")
    with pytest.raises(Invalid, match=r"fraud\.toml cannot be read"):
        read_policy(file)
    file.write_text("least_row = 1")
    with pytest.raises(Invalid, match=r"fraud\.toml: the policy has a field 'least_row'"):
        read_policy(file)


def test_a_policy_is_put_once_and_the_same_again_changes_nothing(scene: Scene) -> None:
    policy = policy_of(tomllib.loads(FULL))
    done = apply(scene.registry, "scoring", policy, actor="ana", why="quieter")
    assert (done.applied, done.revision) == (True, 1)
    assert "false_alarms: 1.0 -> 0.5" in done.changes
    again = apply(scene.registry, "scoring", policy, actor="bo")
    assert (again.applied, again.revision, again.changes) == (False, 1, ())
    tried = apply(scene.registry, "scoring", MonitorPolicy(), actor="bo", dry_run=True)
    assert (tried.applied, tried.revision, bool(tried.changes)) == (False, 1, True)
    found = settings(scene.registry.catalog, "scoring")
    assert (found.policy, found.revision, found.by) == (policy, 1, "ana")
    assert scene.registry.fsck() == []


def test_a_policy_changed_meanwhile_is_a_conflict(scene: Scene) -> None:
    apply(scene.registry, "scoring", MonitorPolicy(least_rows=50), actor="ana", expected_revision=0)
    with pytest.raises(Conflict, match="at revision 1, not 0"):
        apply(scene.registry, "scoring", MonitorPolicy(least_rows=60), actor="bo", expected_revision=0)


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (MonitorPolicy(segments=("contrat",)), "did you mean 'contract'. features: contract, tenure"),
        (MonitorPolicy(ignore=("tenrue",)), "did you mean 'tenure'"),
        (MonitorPolicy(ignore=("latency_p98",)), "did you mean 'latency_p9"),
        (MonitorPolicy(retrain=(Retrain(on="drft"),)), "did you mean 'drift'"),
    ],
)
def test_names_that_mean_nothing_are_refused_with_the_nearest(
    scene: Scene, policy: MonitorPolicy, said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        apply(scene.registry, "scoring", policy, actor="ana")
    assert scene.registry.catalog.monitors() == []


def test_an_endpoint_that_is_not_there_is_not_found_with_the_nearest(scene: Scene) -> None:
    with pytest.raises(NotFound, match="did you mean 'scoring'"):
        settings(scene.registry.catalog, "scorin")
    with pytest.raises(NotFound, match="there is no endpoint 'x'; endpoints: scoring"):
        apply(scene.registry, "x", MonitorPolicy(), actor="ana")
