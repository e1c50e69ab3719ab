"""`hythe rollout` begins, shows and ends rollouts, and says what is wrong in a sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeAlias

import pytest

from hythe.cli.rollout_options import PolicyOptions
from hythe.cli.rollout_text import guard_rows, ladder, line
from hythe.operations.rollouts.move import abort, promote
from hythe.registry.registry import Registry
from hythe.rollout.guard import Guard, GuardReport
from hythe.rollout.plan import Plan
from hythe.rollout.policy import Policy
from hythe.rollout.stages import stages
from hythe.rollout.state import Rollout, Side

Run: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture
def scoring(run: Run) -> Run:
    assert run("endpoint", "create", "scoring", "churn:1.0.0", "--sticky", "feature:id")[0] == 0
    return run


def begin(run: Run, *words: str) -> tuple[int, str, str]:
    return run("rollout", "start", "scoring", "churn:1.1.0", *words)


def test_a_dry_run_prints_the_stages_and_guards_and_changes_nothing(scoring: Run) -> None:
    code, said, _ = begin(scoring, "--dry-run")
    assert code == 0
    assert "stages: [shadow 10%] > split 5% > split 25% > split 50% > all" in said
    guards = {row.split()[0] for row in said.splitlines() if row}
    assert {"error_rate", "latency_p99", "refusal_rate", "disagreement", "shadow_errors"} <= guards
    assert "nothing was changed" in said
    assert scoring("rollout", "list")[1].startswith("there is no rollout")
    _, shown, _ = scoring("endpoint", "show", "scoring", "--json")
    assert json.loads(shown)["revision"] == 1


def test_a_rollout_begins_with_its_plan_and_is_shown(scoring: Run) -> None:
    code, said, _ = begin(scoring, "--strategy", "canary", "--steps", "10%,50%", "--json", "--why", "new")
    begun = json.loads(said)
    assert code == 0
    assert begun["rollout"]["policy"]["steps"] == [0.1, 0.5]
    assert [arm["weight"] for arm in begun["plan"]["arms"]] == [90, 10]
    code, status, _ = scoring("rollout", "status", "scoring")
    assert code == 0
    assert status.startswith("scoring: 1.0.0 -> 1.1.0 running, split 10% (1 of 2): new")
    assert "no controller is at work" in status
    assert "no data yet" in status
    _, listed, _ = scoring("rollout", "list", "--running")
    assert "1.0.0  1.1.0  canary    running  split 10% (1 of 2)" in listed
    _, endpoints, _ = scoring("endpoint", "list")
    assert begun["rollout"]["id"] in endpoints


def test_people_pause_resume_and_end_a_rollout(scoring: Run) -> None:
    begin(scoring, "--strategy", "canary")
    assert "is paused: paused by ana: wait" in scoring("rollout", "pause", "scoring", "--why", "wait")[1]
    assert "is running: resumed by ana" in scoring("rollout", "resume", "scoring")[1]
    assert "is promoted: promoted by ana" in scoring("rollout", "promote", "scoring")[1]
    assert scoring("rollout", "status", "scoring")[0] == 0
    code, said, _ = scoring("rollback", "scoring")
    assert code == 0
    assert said.splitlines()[0] == "endpoint scoring serves 1.0.0 again, and no longer 1.1.0"
    _, told, _ = scoring("history", "scoring")
    assert "rollout promoted: promoted by ana" in told


def test_a_rollout_that_is_rolled_back_says_so_by_its_exit_code(scoring: Run) -> None:
    begin(scoring, "--strategy", "canary")
    code, said, _ = scoring("rollback", "scoring", "--json")
    document = json.loads(said)
    assert (code, document["rollout"]["status"]) == (0, "rolled_back")
    assert [arm["version"] for arm in document["plan"]["arms"]] == ["1.0.0"]
    assert [arm["version"] for arm in document["before"]["arms"]] == ["1.0.0", "1.1.0"]
    code, status, _ = scoring("rollout", "status", "scoring", "--json")
    assert (code, json.loads(status)["share"]) == (1, 0.0)


@pytest.mark.parametrize(("ended", "code"), [(promote, 0), (abort, 1)], ids=["promoted", "aborted"])
def test_waiting_ends_with_the_rollout_and_says_how(
    scoring: Run, home: Path, ended: Callable[..., Rollout], code: int
) -> None:
    def end_it() -> None:
        registry, looks = Registry.open(home), 0
        while not registry.catalog.rollouts("scoring", running=True) and looks < 3000:
            looks += not Event().wait(0.01)
        ended(registry.catalog, "scoring", actor="bo")
        registry.close()

    other = Thread(target=end_it)
    other.start()
    found, said, err = begin(scoring, "--wait", "--json")
    other.join()
    assert (found, json.loads(said)["status"]) == (code, f"{ended.__name__.rstrip('e')}ed")
    assert "no controller is at work" in err


def test_a_rollout_that_people_abort_leaves_the_plan_from_before(scoring: Run) -> None:
    begin(scoring)
    assert "is aborted" in scoring("rollout", "abort", "scoring")[1]
    _, shown, _ = scoring("endpoint", "show", "scoring", "--json")
    plan = json.loads(shown)["plan"]
    assert ([arm["version"] for arm in plan["arms"]], plan.get("shadows", [])) == (["1.0.0"], [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("start", "scoring", "churn:9.0.0"), "known versions"),
        (("start", "scorign", "churn:1.1.0"), "known endpoints: scoring"),
        (
            ("start", "scoring", "churn:1.1.0", "--guard", "errors<1%"),
            "no metric 'errors' to guard; metrics: error_rate",
        ),
        (("start", "scoring", "churn:1.1.0", "--guard", "error_rate<"), "is no guard"),
        (("start", "scoring", "churn:1.1.0", "--guard", "value:revenue"), "no bounds of its own"),
        (("start", "scoring", "churn:1.1.0", "--alpha", "1.5"), "alpha is 1.5; give a probability"),
        (("start", "scoring", "churn:1.1.0", "--alpha", "0"), "alpha is 0"),
        (("start", "scoring", "churn:1.1.0", "--steps", "50%,10%"), "give growing shares"),
        (("start", "scoring", "churn:1.1.0", "--steps", "half"), "is no share"),
        (("start", "scoring", "churn:1.1.0", "--step-time", "soon"), "is no duration"),
        (("start", "scoring", "churn:1.1.0", "--strategy", "ab"), "needs a question"),
        (("start", "scoring", "churn:1.1.0", "--policy", "nowhere.toml"), "nowhere.toml cannot be read"),
        (("status", "scoring"), "never in a rollout"),
        (("status", "scoring", "--interval", "0"), "interval is 0 s"),
        (("pause", "scoring"), "is in no rollout"),
        (("promote", "scoring"), "is in no rollout"),
        (("abort", "scoring"), "is in no rollout"),
    ],
    ids=range(17),
)
def test_what_is_wrong_is_a_usage_error_and_changes_nothing(
    scoring: Run, words: tuple[str, ...], said: str
) -> None:
    _, before, _ = scoring("history", "--json")
    code, out, err = scoring("rollout", *words)
    assert (code, out) == (2, "")
    assert err.startswith("hythe: ")
    assert said in err
    assert scoring("history", "--json")[1] == before


def test_a_second_rollout_is_refused(scoring: Run) -> None:
    begin(scoring)
    code, _, err = begin(scoring)
    assert code == 2
    assert "which is running; end it first: hythe rollout abort scoring" in err


def test_options_count_in_place_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('strategy = "canary"\nalpha = 0.01\n[[guards]]\nmetric = "error_rate"\nmargin = 0.002\n')
    options: dict[str, Any] = {"policy": file, "alpha": 0.1, "most": "2d", "maturity": "1h"}
    policy = PolicyOptions(**options).settled()
    guards = (Guard("error_rate", margin=0.002),)
    assert policy == Policy(strategy="canary", alpha=0.1, guards=guards, most_s=172_800.0, maturity_s=3600.0)
    ruled = PolicyOptions(**options, guard=["latency_p99<50%"], strategy="shadow-canary").settled()
    assert (ruled.guards, ruled.strategy) == ((Guard("latency_p99", margin=0.5),), "shadow-canary")


def test_an_unknown_field_of_a_policy_is_named(scoring: Run, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text("aplha = 0.01")
    assert "a field 'aplha' that is not known; fields: strategy" in begin(scoring, "--policy", str(file))[2]
    file.write_text('[[guards]]\nmetric = "error_rate"\nmargins = 1')
    assert "a field 'margins'" in begin(scoring, "--policy", str(file))[2]
    file.write_text('alpha = "small"')
    assert "Expected `float`, got `str` - at `$.alpha`" in begin(scoring, "--policy", str(file))[2]


def rollout(policy: Policy, **fields: Any) -> Rollout:
    plan = Plan.of("1.0.0", "sha256:0a")
    sides = {"champion": Side("1.0.0", "sha256:0a"), "candidate": Side("1.1.0", "sha256:0b")}
    known = {"id": "r1", "endpoint": "scoring", "before": plan, "stages": stages(policy)}
    return Rollout(policy=policy, **{**known, **sides, **fields})


def test_a_guard_is_written_with_its_evidence_and_what_it_waits_for() -> None:
    policy = Policy(strategy="canary", guards=(Guard("error_rate", share=0.4), Guard("latency_p99")))
    report = GuardReport(
        metric="error_rate", champion=0.01, candidate=0.015, n_champion=9000, n_candidate=1000,
        difference=0.005, low=-0.002, high=0.012, log_e_worse=2.0, log_e_fine=0.0, needed=1234,
    )  # fmt: skip
    first, second = guard_rows(rollout(policy, reports=(report,)))
    # exp(2) = 7.39 of 1 / (0.05 * 0.4) = 50, and exp(0) = 1 of 1 / 0.05 = 20
    assert first == [
        "error_rate", "1%", "1.5%", "+0.5%", "-0.2% to +1.2%", "9,000 + 1,000", "7.39 of 50", "1 of 20",
        "waiting, about 1,234 more needed",
    ]  # fmt: skip
    assert (second[0], second[-1]) == ("latency_p99", "no data yet")


def test_durations_and_values_are_written_in_their_own_units() -> None:
    revenue = Guard("value:revenue", range=(0.0, 100.0))
    policy = Policy(strategy="canary", guards=(Guard("latency_p99"), revenue))
    slow = GuardReport(
        metric="latency_p99",
        verdict="worse",
        champion=0.02,
        candidate=0.05,
        difference=13.3,
        low=0.26,
        log_e_worse=900.0,
    )
    rich = GuardReport(
        metric="value:revenue",
        verdict="fine",
        champion=31.5,
        candidate=33.25,
        difference=-1.75,
        note="not worse by 0.04",
    )
    reports = (slow, rich)
    latency, value = guard_rows(rollout(policy, reports=reports))
    assert latency[1:5] == ["20 ms", "50 ms", "+1,330%", "+26% or more"]
    assert latency[6] == "> 1e+06 of 40"
    assert value[1:5] == ["31.5", "33.25", "-1.75", "-"]
    assert (latency[-1], value[-1]) == ("worse", "fine: not worse by 0.04")


def test_the_ladder_shows_the_present_stage() -> None:
    policy = Policy(steps=(0.1, 0.5))
    assert ladder(rollout(policy, stage=1)) == "shadow 10% > [split 10%] > split 50% > all"
    assert ladder(rollout(policy, stage=2, status="promoted")) == "shadow 10% > split 10% > split 50% > [all]"
    assert ladder(rollout(Policy(strategy="blue-green"))) == "[shadow 10%] > all, watched"
    assert ladder(rollout(Policy(strategy="shadow"))) == "[shadow 10%]"
    said = line(rollout(policy, reason="begun"))
    assert said == "scoring: 1.0.0 -> 1.1.0 running, shadow 10% (1 of 3): begun"
