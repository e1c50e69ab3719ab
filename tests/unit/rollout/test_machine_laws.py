"""What holds of every rollout, whatever its guards say, whenever it is looked at."""

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from hythe.rollout.guard import Guard, GuardReport
from hythe.rollout.machine import MISMATCH, Decision, advance, decide, guards_of
from hythe.rollout.plan import Arm, Plan
from hythe.rollout.policy import QUESTIONED, Policy, Strategy
from hythe.rollout.stages import plan_after, plan_of, stages
from hythe.rollout.state import Rollout, Side

BEFORE = Plan(arms=(Arm("1.0.0", "sha256:0a"),), join_share=0.1)
STRATEGIES: list[Strategy] = ["shadow-canary", "canary", "blue-green", "shadow", "ab", "bandit"]
LOOKS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "verdict": st.sampled_from(["fine", "fine", "fine", "waiting", "worse"]),
        "units": st.integers(0, 400),
        "difference": st.none() | st.floats(-0.5, 0.5),
        "grew": st.booleans(),
    }
)


class RolloutLaws(RuleBasedStateMachine):
    """Looks at a rollout with any evidence, pauses and resumes it, and checks each move."""

    @initialize(strategy=st.sampled_from(STRATEGIES))
    def begin(self, strategy: Strategy) -> None:
        """Start a rollout by any strategy."""
        question = Guard("accuracy") if strategy in QUESTIONED else None
        self.policy = Policy(strategy=strategy, question=question, most_s=3000.0, bake_s=100.0)
        self.rollout = Rollout(
            id="rollout-1",
            endpoint="scoring",
            champion=Side("1.0.0", "sha256:0a"),
            candidate=Side("1.1.0", "sha256:0b"),
            policy=self.policy,
            before=BEFORE,
            stages=stages(self.policy),
        )
        self.units = dict.fromkeys([guard.metric for guard in self.policy.everything], 0)

    @rule(data=st.data(), passed_s=st.floats(0.1, 200.0), mismatch=st.sampled_from([0.0, 0.0, 9.0]))
    def look(self, data: st.DataObject, passed_s: float, mismatch: float) -> None:
        """Look once more, some time after the last look."""
        seen = {metric: data.draw(LOOKS, label=metric) for metric in self.units}
        for metric, found in seen.items():
            self.units[metric] += found["units"] if found["grew"] else 0
        reports = [self._report(metric, found) for metric, found in seen.items()]
        growing = {metric: found["grew"] for metric, found in seen.items()}
        running_s = self.rollout.running_s + passed_s
        decision = decide(
            self.rollout, reports, running_s=running_s, growing=growing, log_e_mismatch=mismatch
        )
        self._check(decision, {report.metric: report for report in reports}, growing, mismatch)
        self.rollout = advance(self.rollout, decision)

    @precondition(lambda self: self.rollout.status == "running")
    @rule()
    def pause(self) -> None:
        """Have a person pause it."""
        self.rollout = replace(self.rollout, status="paused")

    @precondition(lambda self: self.rollout.status == "paused")
    @rule()
    def resume(self) -> None:
        """Have a person resume it."""
        self.rollout = replace(self.rollout, status="running")

    @invariant()
    def its_plan_sends_all_traffic_somewhere(self) -> None:
        """Both versions' weights add up to 1, and a bandit leaves each its floor."""
        arms = {arm.version: arm.weight for arm in self._plan().arms}
        assert abs(sum(arms.values()) - 1.0) < 1e-9
        if self.rollout.now.kind == "bandit" and not self.rollout.ended:
            assert min(arms.values()) >= self.policy.floor

    @invariant()
    def only_a_promoted_one_leaves_something_behind(self) -> None:
        """An ended rollout's plan is the old one, or has the candidate in the champion's place."""
        if self.rollout.status == "promoted":
            assert self._plan().arms == (Arm("1.1.0", "sha256:0b"),)
        elif self.rollout.ended:
            assert self._plan() == BEFORE

    def teardown(self) -> None:
        """Whatever was, once resumed and without data it ends, and not by promoting."""
        if not hasattr(self, "rollout") or self.rollout.ended:
            return
        rollout = replace(self.rollout, status="running")
        silence = decide(rollout, [], running_s=rollout.running_s + 3000.0, growing={})
        ended = advance(rollout, silence)
        assert ended.status == "rolled_back"
        again = decide(ended, rollout.reports, running_s=1e9, growing=dict.fromkeys(self.units, True))
        assert advance(ended, again) == ended

    def _plan(self) -> Plan:
        rollout = self.rollout
        return plan_after(rollout, rollout.status) if rollout.ended else plan_of(rollout)

    def _report(self, metric: str, found: dict[str, Any]) -> GuardReport:
        units = self.units[metric]
        champion = 0.5 if units else None
        return GuardReport(
            metric=metric,
            verdict=found["verdict"] if units else "waiting",
            champion=champion,
            difference=found["difference"] if units else None,
            n_champion=units,
            n_candidate=units,
        )

    def _check(
        self,
        decision: Decision,
        reports: dict[str, GuardReport],
        growing: dict[str, bool],
        mismatch: float,
    ) -> None:
        worse = any(report.verdict == "worse" for report in reports.values())
        if self.rollout.ended:
            assert decision.move == "stay"
            return
        assert (decision.move == "roll_back") == worse
        if self.rollout.status == "paused":
            assert decision.move in {"stay", "roll_back"}
        if decision.move in {"next", "promote", "finish"}:
            assert mismatch < MISMATCH
            for guard in guards_of(self.rollout):
                assert reports[guard.metric].verdict == "fine"
                assert growing[guard.metric]
                assert reports[guard.metric].n_candidate >= self.policy.least_units
        if decision.move in {"promote", "finish"}:
            assert self.rollout.stage + 1 == len(self.rollout.stages)


TestRolloutLaws = RolloutLaws.TestCase
TestRolloutLaws.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
