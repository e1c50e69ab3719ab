"""The Python API of endpoints and rollouts: the operations, on the registry that the surroundings name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hythe.app import config
from hythe.app.config import Home
from hythe.app.wire import Here, opened
from hythe.base.errors import Invalid
from hythe.operations.endpoints.apply import Applied, apply
from hythe.operations.endpoints.create import create
from hythe.operations.endpoints.document import plan_document, read_plan
from hythe.operations.endpoints.history import Moved, history
from hythe.operations.endpoints.known import Known, known
from hythe.operations.endpoints.remove import remove
from hythe.operations.rollouts.back import RolledBack
from hythe.operations.rollouts.back import rollback as _rollback
from hythe.operations.rollouts.move import abort, pause, promote, resume
from hythe.operations.rollouts.policy import policy_of
from hythe.operations.rollouts.simulate import Assumed, Simulation, assumed_of, simulate
from hythe.operations.rollouts.start import Started, start
from hythe.operations.rollouts.view import RolloutView, view
from hythe.rollout.policy import Policy
from hythe.rollout.state import Rollout


def endpoints(*, home: Home = None) -> list[Known]:
    """List all endpoints with their plans."""
    with _here(home) as here:
        return known(here.catalog)


def create_endpoint(
    endpoint: str,
    ref: str,
    *,
    sticky: str = "",
    approval: bool = False,
    why: str = "",
    home: Home = None,
) -> Applied:
    """Make an endpoint that sends everything to the version that `ref` names.

    Raises:
        Conflict: when there is such an endpoint already.
        Denied: when the version may not take traffic.
        Invalid: when the name is none, or the version lacks the sticky key.
        NotFound: when there is no such version.

    """
    with _here(home) as here:
        return create(
            here.registry, endpoint, ref, actor=here.actor, why=why, sticky=sticky, approval=approval
        )


def apply_plan(
    plan: Path | str | Mapping[str, Any],
    *,
    endpoint: str = "",
    allow_schema_change: bool = False,
    expected_revision: int | None = None,
    dry_run: bool = False,
    why: str = "",
    home: Home = None,
) -> Applied:
    """Make an endpoint follow a plan: the path of a TOML file, or the plan's fields.

    The endpoint is the one that is given, else the one that the plan names, else the file's name.

    Raises:
        Conflict: when a rollout is under way, a version breaks callers, or the plan changed meanwhile.
        Denied: when a version may not take traffic.
        Invalid: when the plan cannot be read, contradicts itself or its versions' schemas.
        NotFound: when there is no such model or version.
        Unsupported: when the plan is of a newer form.

    """
    if isinstance(plan, Mapping):
        document = plan_document(plan)
        name = document.endpoint
    else:
        name, document = read_plan(Path(plan))
    if not (endpoint or name):
        raise Invalid("the plan names no endpoint; give one, such as: endpoint='scoring'")
    with _here(home) as here:
        return apply(
            here.registry,
            endpoint or name,
            document,
            actor=here.actor,
            why=why,
            allow_schema_change=allow_schema_change,
            expected_revision=expected_revision,
            dry_run=dry_run,
        )


def remove_endpoint(endpoint: str, *, why: str = "", home: Home = None) -> None:
    """Take an endpoint away; its history stays. Raises NotFound; Conflict in a rollout."""
    with _here(home) as here:
        remove(here.catalog, endpoint, actor=here.actor, why=why)


def endpoint_history(endpoint: str, *, home: Home = None) -> list[Moved]:
    """List what an endpoint served when, who moved it, and on what evidence; raises NotFound."""
    with _here(home) as here:
        return history(here.catalog, endpoint)


def start_rollout(
    endpoint: str,
    ref: str,
    policy: Policy | Mapping[str, Any] | None = None,
    *,
    allow_schema_change: bool = False,
    dry_run: bool = False,
    why: str = "",
    home: Home = None,
) -> Started:
    """Begin to move an endpoint to the version that `ref` names; a controller moves it on.

    `policy` is one, or its fields, such as `{"strategy": "canary", "steps": [0.1, 0.5]}`.

    Raises:
        Conflict: when the endpoint is in a rollout already, or the version breaks its callers.
        Denied: when the version may not take traffic.
        Invalid: when the policy does not fit, or versions cannot be compared.
        NotFound: when there is no such endpoint or version.

    """
    chosen = policy if isinstance(policy, Policy) else policy_of(policy or {})
    with _here(home) as here:
        return start(
            here.registry,
            endpoint,
            ref,
            chosen,
            actor=here.actor,
            why=why,
            allow_schema_change=allow_schema_change,
            dry_run=dry_run,
        )


def simulate_rollout(
    endpoint: str,
    ref: str,
    policy: Policy | Mapping[str, Any] | None = None,
    *,
    assumed: Assumed | Mapping[str, Any] | None = None,
    runs: int = 200,
    seed: int = 0,
    home: Home = None,
) -> Simulation:
    """Play rollouts of a version that is so much worse, and of one that is as good; nothing is changed.

    `assumed` is one, or its fields, such as `{"candidate": {"error_rate": 0.02}, "slower": 1.2}`.

    Raises:
        Invalid: when the policy or a figure does not fit, or one is missing that was not observed.
        NotFound: when there is no such endpoint or version.

    """
    chosen = policy if isinstance(policy, Policy) else policy_of(policy or {})
    true = assumed if isinstance(assumed, Assumed) else assumed_of(assumed or {})
    with _here(home) as here:
        return simulate(here.registry, endpoint, ref, chosen, true, runs=runs, seed=seed)


def rollout_status(endpoint: str, *, home: Home = None) -> RolloutView:
    """Tell where the rollout of an endpoint stands, or stood last; raises NotFound."""
    with _here(home) as here:
        return view(here.catalog, endpoint)


def promote_rollout(endpoint: str, *, why: str = "", home: Home = None) -> Rollout:
    """Give all traffic to the candidate now; raises Conflict, Denied, NotFound."""
    return _move(promote, endpoint, why, home)


def pause_rollout(endpoint: str, *, why: str = "", home: Home = None) -> Rollout:
    """Leave the traffic as it is until resumed; raises Conflict, NotFound."""
    return _move(pause, endpoint, why, home)


def resume_rollout(endpoint: str, *, why: str = "", home: Home = None) -> Rollout:
    """Let a paused rollout go on; raises Conflict, NotFound."""
    return _move(resume, endpoint, why, home)


def abort_rollout(endpoint: str, *, why: str = "", home: Home = None) -> Rollout:
    """End a rollout, and put the plan back that stood before; raises NotFound."""
    return _move(abort, endpoint, why, home)


def rollback(endpoint: str, *, why: str = "", home: Home = None) -> RolledBack:
    """Serve again what the endpoint served before; raises Conflict, Denied, NotFound."""
    with _here(home) as here:
        return _rollback(here.catalog, endpoint, actor=here.actor, why=why)


def _move(move: Callable[..., Rollout], endpoint: str, why: str, home: Home) -> Rollout:
    with _here(home) as here:
        return move(here.catalog, endpoint, actor=here.actor, why=why)


@contextmanager
def _here(home: Home) -> Iterator[Here]:
    with opened(config.load(home=home)) as here:
        yield here
