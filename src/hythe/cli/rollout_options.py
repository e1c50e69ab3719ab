"""The options that say how a rollout moves: of `rollout start` and of `rollout simulate`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from hythe.rollout.policy import Strategy

if TYPE_CHECKING:
    from hythe.rollout.policy import Policy


@Parameter(name="*", group="Policy")
@dataclass(frozen=True, kw_only=True)
class PolicyOptions:
    """What overrules the usual policy, and the one in a file."""

    policy: Path | None = None
    """A TOML file with the fields of a policy; the options below count in their place."""

    strategy: Strategy | None = None
    """How traffic moves (default shadow-canary)."""

    guard: Annotated[list[str] | None, Parameter(negative=())] = None
    """A metric to guard and its margin, error_rate<0.5%; several times; they stand in for the usual ones."""

    steps: str | None = None
    """The candidate's shares of the traffic, 5%,25%,50%."""

    alpha: float | None = None
    """How often the rollout may err: go back wrongly, and promote what is worse (default 0.05)."""

    step_time: str | None = None
    """The least time of each step (default 30s)."""

    most: str | None = None
    """How long without a verdict before it goes back (default 7d)."""

    maturity: str | None = None
    """How old a prediction must be before its feedback counts, 1d."""

    question: str | None = None
    """The metric that an A/B test or a bandit decides on, and the improvement worth having."""

    shadow_share: str | None = None
    """The share of the requests that a shadow gets copies of (default 10%)."""

    def settled(self) -> Policy:
        """Make the policy of the file, the options, and what is usual; raises Invalid."""
        from hythe.operations.rollouts.policy import policy_of, read_policy

        return policy_of(read_policy(self.policy) if self.policy else {}, **self._given())

    def _given(self) -> dict[str, Any]:
        from hythe.base.amounts import seconds
        from hythe.operations.rollouts.policy import guard_of, share_of

        durations = {"step_s": self.step_time, "most_s": self.most, "maturity_s": self.maturity}
        given: dict[str, Any] = {
            "strategy": self.strategy,
            "alpha": self.alpha,
            "guards": self.guard and tuple(guard_of(text) for text in self.guard),
            "steps": self.steps and tuple(share_of(text) for text in self.steps.split(",")),
            "question": self.question and guard_of(self.question),
            "shadow_share": self.shadow_share and share_of(self.shadow_share),
            **{name: text and seconds(text) for name, text in durations.items()},
        }
        return {name: value for name, value in given.items() if value is not None}
