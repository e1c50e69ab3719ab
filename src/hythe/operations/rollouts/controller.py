"""Moves rollouts on evidence: looks at each, decides, and puts what follows in one transaction.

Any number of controllers may run. One of them acts, by a lease in the catalog; and whatever one does, it
does to the turn of the rollout and the revision of the plan that it saw, so that two never both act. All
that a rollout is, is in the catalog: whoever takes over goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from hythe.base.clock import Clock
from hythe.base.errors import Busy, Conflict, Corrupt, Unavailable
from hythe.operations.leading import Stop, lead
from hythe.operations.rollouts.bases import fixed
from hythe.operations.rollouts.evidence import Evidence, Gathered
from hythe.operations.rollouts.judge import Judging
from hythe.operations.rollouts.move import end, owns
from hythe.operations.rollouts.stored import put, record_of, rollout_in
from hythe.operations.rollouts.veto import veto
from hythe.operations.rollouts.watch import Watch
from hythe.registry.catalog import Catalog
from hythe.registry.leases import Claim
from hythe.registry.records import PlanRecord
from hythe.registry.rollouts import RolloutRecord
from hythe.rollout.machine import Decision, advance, decide
from hythe.rollout.plan import Plan
from hythe.rollout.stages import plan_after, plan_of
from hythe.rollout.state import Rollout
from hythe.runtime.log import Log

ACTOR = "controller"
LEASE = "controller"
TURN_S = 1.0
LEASE_S = 10.0
_KEEP_S = 5.0
_SPOILT_S = 60.0
"""How long a rollout may be impossible to judge before it goes back."""
_LOG = Log("hythe.controller")


class Step(NamedTuple):
    """What a controller puts: where the rollout stands then, and the plan, None where that stays."""

    rollout: Rollout
    plan: Plan | None


class _Known(NamedTuple):
    """What a controller remembers of one rollout."""

    watch: Watch
    evidence: Evidence
    judging: Judging


class Controller:
    """Looks at all rollouts that are under way, a `turn` at a time."""

    def __init__(self, catalog: Catalog, clock: Clock, *, keep_s: float = _KEEP_S) -> None:
        self._catalog = catalog
        self._clock = clock
        self._keep_s = keep_s
        self._watched: dict[str, _Known] = {}
        self._faults: dict[str, float] = {}

    def turn(self) -> list[Rollout]:
        """Look at each rollout once, and move those that are to move; give these as they stand now.

        What is wrong with one rollout is logged, and keeps none of the others; one that cannot be judged for
        a minute goes back.

        Raises:
            Unavailable: when the catalog is gone.

        """
        records = self._catalog.rollouts(running=True)
        self._watched = {each.id: self._watched[each.id] for each in records if each.id in self._watched}
        plans = {plan.endpoint: plan for plan in self._catalog.plans()}
        found = [self._tried(record, plans.get(record.endpoint)) for record in records]
        return [rollout for rollout in found if rollout is not None]

    def _tried(self, record: RolloutRecord, plan: PlanRecord | None) -> Rollout | None:
        try:
            moved = self._look(record, plan)
        except Conflict as err:
            _LOG.info("somebody else moved a rollout", rollout=record.id, reason=str(err))
            return None
        except (Busy, Unavailable):
            raise
        except Exception as err:  # noqa: BLE001 - a rollout that cannot be judged must not hold up others
            return self._spoilt(record, plan, f"{type(err).__name__}: {err}")
        self._faults.pop(record.id, None)
        return moved

    def _spoilt(self, record: RolloutRecord, plan: PlanRecord | None, fault: str) -> Rollout | None:
        """Log what is wrong with a rollout, once; when it stays wrong, nobody looks on any more: go back."""
        now_s = self._clock.monotonic_s()
        if record.id not in self._faults:
            self._faults[record.id] = now_s
            _LOG.error("a rollout cannot be moved", rollout=record.id, reason=fault)
        if now_s - self._faults[record.id] < _SPOILT_S:
            return None
        try:
            return self._put(record, plan, self._back(rollout_in(record), f"it cannot be judged: {fault}"))
        except (Conflict, Corrupt):
            return None

    def _look(self, record: RolloutRecord, plan: PlanRecord | None) -> Rollout | None:
        rollout = rollout_in(record)
        if plan is None or not owns(rollout, plan):
            by = f"{plan.by} put another plan" if plan is not None else "the endpoint was removed"
            return self._put(record, plan, Step(end(rollout, "aborted", by, clock=self._clock), None))
        refused = veto(self._catalog, rollout)
        if refused:
            return self._put(record, plan, self._back(rollout, refused))
        watch, evidence, judging = self._known(rollout)
        now_s = self._clock.monotonic_s()
        running_s = watch.look(now_s, stored_s=rollout.running_s, running=rollout.status == "running")
        gathered = evidence.gather(rollout)
        known = judging.reports(rollout, gathered.data)
        growing = watch.growing(now_s, known)
        mismatch = gathered.log_e_mismatch
        decision = decide(rollout, known, running_s=running_s, growing=growing, log_e_mismatch=mismatch)
        step = step_of(rollout, decision, gathered, plan.revision + 1, self._clock)
        if step.plan is not None:
            return self._put(record, plan, step)
        self._keep(record, step.rollout, watch, now_s)
        return None

    def _known(self, rollout: Rollout) -> _Known:
        if rollout.id not in self._watched:
            evidence = Evidence(self._catalog, rollout.endpoint, self._clock)
            self._watched[rollout.id] = _Known(Watch(rollout.policy.fresh_s), evidence, Judging())
        return self._watched[rollout.id]

    def _back(self, rollout: Rollout, reason: str) -> Step:
        ended = end(rollout, "rolled_back", reason, clock=self._clock)
        return Step(ended, plan_after(ended, "rolled_back"))

    def _put(self, record: RolloutRecord, plan: PlanRecord | None, step: Step) -> Rollout:
        with self._catalog.edit(actor=ACTOR, why=step.rollout.reason) as tx:
            written = put(tx, step.rollout, record.turn, step.plan, plan.revision if plan else 0)
        _LOG.info(step.rollout.reason, endpoint=record.endpoint, rollout=record.id, status=written.status)
        return written

    def _keep(self, record: RolloutRecord, seen: Rollout, watch: Watch, now_s: float) -> None:
        """Write down what is known, for whoever asks and whoever takes over; not at every look."""
        if now_s - watch.kept_s < self._keep_s:
            return
        watch.kept_s = now_s
        document = record_of(seen)
        if document.document != record.document:
            self._catalog.keep_rollout(document, record.turn)


def step_of(rollout: Rollout, decision: Decision, gathered: Gathered, revision: int, clock: Clock) -> Step:
    """Give what a decision leads to; `revision` is that of the plan that is put with it.

    A guard whose basis can be fixed only now makes the plan be put once more, as it is: what is counted from
    that revision on was not known when the basis was fixed.
    """
    moved = advance(rollout, decision)
    if moved.ended:
        ended = end(moved, moved.status, moved.reason, clock=clock)
        return Step(ended, plan_after(ended, ended.status))
    bases = fixed(moved, gathered.champion, revision)
    if decision.move == "stay" and bases != moved.bases:
        known = ", ".join(sorted({*bases} - {*moved.bases}))
        moved = replace(moved, reason=f"enough is known of the champion to compare {known}; {moved.reason}")
    changes = decision.move != "stay" or bases != moved.bases
    moved = replace(moved, bases=bases)
    return Step(moved, plan_of(moved) if changes else None)


def run(
    catalog: Catalog,
    clock: Clock,
    stop: Stop,
    *,
    holder: str,
    turn_s: float = TURN_S,
    lease_s: float = LEASE_S,
    on_turn: Callable[[bool], None] = lambda _: None,
) -> None:
    """Move rollouts until `stop` is set, while the lease on that is this process's.

    `holder` names the process, as no other is named; another takes over when it has not been heard of for
    `lease_s`. It looks every `turn_s`. A catalog that is gone is waited for: nothing moves
    meanwhile, and traffic goes on as it was. `on_turn` hears after each turn whether this process acts.
    """
    lead(
        Claim(catalog.leases, LEASE, holder, clock.monotonic_s, lease_s),
        stop,
        lambda: Controller(catalog, clock),
        turn_s=turn_s,
        log=_LOG,
        halted="rollouts are not moved now",
        on_turn=on_turn,
    )
