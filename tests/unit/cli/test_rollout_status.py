"""The view of a rollout says the same on a terminal and in a pipe."""

import io
from typing import Any

import msgspec
import pytest
from rich.console import Console

from hythe.cli.rollout_status import _drawn, _print
from hythe.operations.differences import WorstRow
from hythe.operations.rollouts.view import RolloutView
from hythe.rollout.guard import Guard, GuardReport
from hythe.rollout.plan import Plan
from hythe.rollout.policy import Policy
from hythe.rollout.stages import stages
from hythe.rollout.state import Rollout, Side

PLAN = Plan.of("1.0.0", "sha256:0a")
POLICY = Policy(guards=(Guard("error_rate"), Guard("disagreement")))
ROLLOUT = Rollout(
    id="r1",
    endpoint="scoring",
    champion=Side("1.0.0", "sha256:0a"),
    candidate=Side("1.1.0", "sha256:0b"),
    policy=POLICY,
    before=PLAN,
    stages=stages(POLICY),
    reports=(
        GuardReport(metric="disagreement", candidate=0.04, difference=0.04, n_candidate=90, needed=110),
    ),
    running_s=90.0,
    started_by="ana",
    started_at="2026-11-21T10:00:00Z",
    reason="disagreement is not proven fine yet",
)
VIEW = RolloutView(
    rollout=ROLLOUT,
    stage="shadow 10% (1 of 4)",
    share=0.0,
    plan=PLAN,
    revision=2,
    turn=3,
    controller="",
    moves=(),
    differences=(
        WorstRow(
            id="0197:0",
            kind="changed",
            size=1.2,
            revision=4,
            at_ns=0,
            champion="1.0.0",
            answer={"label": "no"},
            shadow_answer={"label": "yes"},
            features={"tenure": 4},
        ),
        WorstRow(
            id="0198:0",
            kind="failed",
            size=1.0,
            revision=4,
            at_ns=0,
            champion="1.0.0",
            answer={"label": "no"},
            reason="r" * 200,
        ),
    ),
)
SAID = (
    "scoring: 1.0.0 -> 1.1.0 running, shadow 10% (1 of 4): disagreement is not proven fine yet",
    "stages: [shadow 10%] > split 5% > split 25% > split 50% > all",
    "1.5 min under way, begun by ana at 2026-11-21T10:00:00",
    "no controller is at work",
    "no data yet",
    "waiting, about 110 more needed",
    '0197:0 changed: {"label": "no"} / {"label": "yes"}',
    '{"tenure": 4}',
    "rrr…",
)


def printed(view: RolloutView, capsys: pytest.CaptureFixture[str]) -> str:
    _print(view)
    return capsys.readouterr().out


def drawn(view: RolloutView) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(_drawn(view))
    file: Any = console.file
    return str(file.getvalue())


@pytest.mark.parametrize("said", SAID)
def test_everything_is_in_both_views(said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert said in printed(VIEW, capsys)
    assert said in drawn(VIEW)


def test_a_controller_at_work_and_an_end_leave_nothing_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no controller" not in drawn(msgspec.structs.replace(VIEW, controller="vm:1"))
    ended = msgspec.structs.replace(ROLLOUT, status="rolled_back", reason="error_rate is worse")
    text = printed(msgspec.structs.replace(VIEW, rollout=ended, differences=()), capsys)
    assert text.startswith("scoring: 1.0.0 -> 1.1.0 rolled back: error_rate is worse\n")
    assert "no controller" not in text
    assert "differed" not in text
