"""`hythe rollout start|status|promote|pause|resume|abort|list|simulate`: traffic that moves on evidence."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from hythe.cli.common import COMMON, Common, emit, say, table
from hythe.cli.rollout_options import PolicyOptions
from hythe.operations.whole import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from hythe.operations.rollouts.start import Started
    from hythe.registry.catalog import Catalog
    from hythe.rollout.state import Rollout

rollout_command = App(name="rollout", help="Move an endpoint to another version on evidence.")
rollout_command.command("hythe.cli.rollout_status:status_command", name="status")
rollout_command.command("hythe.cli.rollout_simulate:simulate_command", name="simulate")
_Flag = Annotated[bool, Parameter(negative=())]
_USUAL = PolicyOptions()


@rollout_command.command
def start(  # noqa: PLR0913 - one parameter for each option of the command
    endpoint: str,
    ref: str,
    *,
    options: PolicyOptions = _USUAL,
    allow_schema_change: _Flag = False,
    dry_run: _Flag = False,
    wait: _Flag = False,
    why: str = "",
    common: Common = COMMON,
) -> int:
    """Begin to move an endpoint to a version; a controller (hythe up, hythe control) moves it on.

    Exit code 1 with --wait when the candidate did not get through.

    Parameters
    ----------
    endpoint
        The endpoint: scoring.
    ref
        The version that shall answer: churn:1.1.0.
    allow_schema_change
        Let a version answer whose schema breaks those who call the endpoint now.
    dry_run
        Check, and print the rollout; change nothing.
    wait
        Stay until the rollout has ended.
    why
        The reason, for the change log.

    """
    from hythe.app.wire import opened
    from hythe.operations.rollouts.start import start as start_rollout
    from hythe.operations.rollouts.watched import unattended

    policy = options.settled()
    with opened(common.config()) as here:
        begun = start_rollout(
            here.registry, endpoint, ref, policy, actor=here.actor, why=why,
            allow_schema_change=allow_schema_change, dry_run=dry_run,
        )  # fmt: skip
        if wait and not dry_run:
            return _waited(here.catalog, begun, common)
        begun.notices.extend(() if dry_run else unattended(here.catalog))
    document = whole(_document(begun, dry_run=dry_run))
    emit(common, document, lambda: _tell_start(begun, dry_run=dry_run))
    return 0


@rollout_command.command
def promote(endpoint: str, *, why: str = "", common: Common = COMMON) -> None:
    """Give all traffic to the candidate now, whatever the evidence says.

    Parameters
    ----------
    endpoint
        The endpoint.
    why
        The reason, for the change log.

    """
    from hythe.operations.rollouts.move import promote as promote_rollout

    _moved(promote_rollout, endpoint, why, common)


@rollout_command.command
def pause(endpoint: str, *, why: str = "", common: Common = COMMON) -> None:
    """Leave the traffic as it is until resumed; worse evidence still takes it back.

    Parameters
    ----------
    endpoint
        The endpoint.
    why
        The reason, for the change log.

    """
    from hythe.operations.rollouts.move import pause as pause_rollout

    _moved(pause_rollout, endpoint, why, common)


@rollout_command.command
def resume(endpoint: str, *, why: str = "", common: Common = COMMON) -> None:
    """Let a paused rollout go on.

    Parameters
    ----------
    endpoint
        The endpoint.
    why
        The reason, for the change log.

    """
    from hythe.operations.rollouts.move import resume as resume_rollout

    _moved(resume_rollout, endpoint, why, common)


@rollout_command.command
def abort(endpoint: str, *, why: str = "", common: Common = COMMON) -> None:
    """End a rollout, and put the plan back that stood before.

    Parameters
    ----------
    endpoint
        The endpoint.
    why
        The reason, for the change log.

    """
    from hythe.operations.rollouts.move import abort as abort_rollout

    _moved(abort_rollout, endpoint, why, common)


@rollout_command.command(name="list")
def list_rollouts(endpoint: str | None = None, *, running: _Flag = False, common: Common = COMMON) -> None:
    """List rollouts, the oldest first.

    Parameters
    ----------
    endpoint
        The endpoint; all when left out.
    running
        Those alone that have not ended.

    """
    from hythe.app.wire import opened
    from hythe.operations.rollouts.stored import rollout_in, stage_text

    with opened(common.config()) as here:
        found = [rollout_in(record) for record in here.catalog.rollouts(endpoint, running=running)]

    def text() -> None:
        if not found:
            say("there is no rollout; begin one with: hythe rollout start ENDPOINT REF")
            return
        table(
            ["endpoint", "from", "to", "strategy", "status", "stage", "began", "by", "why"],
            [
                [
                    item.endpoint,
                    item.champion.version,
                    item.candidate.version,
                    item.policy.strategy,
                    item.status,
                    stage_text(item),
                    item.started_at[:19].replace("T", " "),
                    item.started_by,
                    item.reason,
                ]
                for item in found
            ],
        )

    emit(common, whole(found), text)


def _moved(move: Callable[..., Rollout], endpoint: str, why: str, common: Common) -> None:
    from hythe.app.wire import opened

    with opened(common.config()) as here:
        rollout = move(here.catalog, endpoint, actor=here.actor, why=why)
    versions = f"{rollout.champion.version} -> {rollout.candidate.version}"
    said = f"the rollout of {endpoint} ({versions}) is {rollout.status.replace('_', ' ')}: {rollout.reason}"
    emit(common, whole(rollout), lambda: say(said))


def _document(begun: Started, *, dry_run: bool) -> dict[str, Any]:
    from hythe.operations.endpoints.document import document_of

    plan = document_of(begun.rollout.endpoint, begun.plan)
    return {"rollout": begun.rollout, "plan": plan, "notices": begun.notices, "dry_run": dry_run}


def _tell_start(begun: Started, *, dry_run: bool) -> None:
    from hythe.cli.rollout_text import tell_policy

    for notice in begun.notices:
        say(f"note: {notice}")
    tell_policy(begun.rollout)
    if dry_run:
        say("", "nothing was changed: this was a dry run")
        return
    endpoint = begun.rollout.endpoint
    say("", "begun; a controller moves it on: hythe up, or hythe control. Look on with:")
    say(f"hythe rollout status {endpoint} --watch")


def _waited(catalog: Catalog, begun: Started, common: Common) -> int:
    """Stay until a rollout has ended; 0 when the candidate got through."""
    from hythe.cli.common import Bar
    from hythe.cli.rollout_text import line
    from hythe.operations.rollouts.wait import states
    from hythe.operations.rollouts.watched import unattended

    for notice in unattended(catalog):
        sys.stderr.write(f"hythe: {notice}\n")
    ended = begun.rollout
    with Bar() as bar:
        for ended in states(catalog, begun.rollout.id):
            bar.step(line(ended))
    emit(common, whole(ended), lambda: say(line(ended)))
    return 0 if ended.status in {"promoted", "finished"} else 1
