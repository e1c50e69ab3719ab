"""Where a rollout stands, as a document: all that a controller needs to go on with it."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from hythe.base.errors import Invalid
from hythe.rollout.guard import GuardReport
from hythe.rollout.plan import Plan
from hythe.rollout.policy import Policy

Status: TypeAlias = Literal["running", "paused", "promoted", "rolled_back", "aborted", "finished"]
"""`finished` is the end of a rollout that was not to move traffic: a shadow's."""
StageKind: TypeAlias = Literal["shadow", "split", "bandit", "bake"]
ENDED: frozenset[Status] = frozenset({"promoted", "rolled_back", "aborted", "finished"})


class Side(msgspec.Struct, frozen=True):
    """One of the two versions that are compared: SemVer number and bundle digest."""

    version: str
    digest: str


class Stage(msgspec.Struct, frozen=True):
    """One stage: copies to a shadow, a split of the traffic, weights that learn, or all traffic, watched.

    `share` is of the requests: those copied, or those that go to the candidate.
    """

    kind: StageKind
    share: float


class Basis(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was fixed for one guard before its first data: wrong values cost time, never errors.

    `mean` is what the champion's is expected to be, from 0 to 1, and `spread` the variance of the values as a
    share of mean·(1 - mean). For latencies `bound` is the place, among the bounds of the histograms, of the
    duration that stands for the quantile, `mean` the share of the durations beyond it, and `decay` how much
    of that share is left one bucket further. Data count from plans of revision `since` on.
    """

    mean: float = 0.5
    spread: float = 1.0
    bound: int = -1
    decay: float = 0.8
    since: int = 0


class Rollout(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A rollout of `candidate` on an endpoint that `before` served by `champion`.

    `stages` are passed in turn; `stage` is the place of the present one, entered after `stage_s` seconds of
    running. A bandit's last `weights`, the champion's and the candidate's, are of `weighed_s`. `running_s`
    counts only while a controller looked on, so that no clock's step matters. `revisions` are those of the
    plans that it put, whose observations are its evidence. `entered` has the candidate's units by metric when
    the stage was entered. `reason` says why it stands where it stands.

    Raises:
        Invalid: when the two versions are one, or `before` sends traffic to another than the champion.

    """

    id: str
    endpoint: str
    champion: Side
    candidate: Side
    policy: Policy
    before: Plan
    stages: tuple[Stage, ...]
    stage: int = 0
    status: Status = "running"
    running_s: float = 0.0
    stage_s: float = 0.0
    revisions: tuple[int, ...] = ()
    bases: dict[str, Basis] = {}
    entered: dict[str, int] = {}
    weights: tuple[float, float] | None = None
    weighed_s: float = 0.0
    reports: tuple[GuardReport, ...] = ()
    reason: str = ""
    started_at: str = ""
    started_by: str = ""
    ended_at: str = ""

    def __post_init__(self) -> None:
        if self.champion.version == self.candidate.version:
            raise Invalid(
                f"endpoint {self.endpoint!r} serves {self.candidate.version} already; "
                "roll out another version"
            )
        serving = {arm.version for arm in self.before.arms if arm.weight}
        if serving != {self.champion.version}:
            raise Invalid(
                f"endpoint {self.endpoint!r} sends traffic to {', '.join(sorted(serving))}; a rollout is "
                "from one version to another: send everything to one version first"
            )

    @property
    def ended(self) -> bool:
        """Whether nothing will move any more."""
        return self.status in ENDED

    @property
    def now(self) -> Stage:
        """The present stage."""
        return self.stages[self.stage]
