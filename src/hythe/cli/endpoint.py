"""`hythe endpoint create|apply|show|list|remove|history`: stable names, and the plans behind them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from hythe.cli.common import COMMON, Common, emit, say, table

if TYPE_CHECKING:
    from hythe.operations.endpoints.apply import Applied
    from hythe.operations.endpoints.document import PlanDocument
    from hythe.operations.endpoints.history import Moved, Share
    from hythe.operations.endpoints.known import Known

endpoint_command = App(name="endpoint", help="Make endpoints, and say what they do with their traffic.")
_Flag = Annotated[bool, Parameter(negative=())]


@endpoint_command.command
def create(
    endpoint: str,
    ref: str,
    *,
    sticky: str = "",
    approval: _Flag = False,
    dry_run: _Flag = False,
    why: str = "",
    common: Common = COMMON,
) -> None:
    """Make an endpoint that sends everything to one version.

    Parameters
    ----------
    endpoint
        What clients shall call: scoring.
    ref
        The version that answers: churn:1.0.0.
    sticky
        What keeps a caller with its arm: feature:NAME, header:NAME or caller.
    approval
        Let approved versions alone take traffic, now and later.
    dry_run
        Check, and print the plan; change nothing.
    why
        The reason, for the change log.

    """
    from hythe.app.wire import opened
    from hythe.operations.endpoints.create import create as create_endpoint

    with opened(common.config()) as here:
        made = create_endpoint(
            here.registry, endpoint, ref, actor=here.actor, why=why, sticky=sticky, approval=approval,
            dry_run=dry_run,
        )  # fmt: skip
    emit(common, made, lambda: _tell(made, dry_run=dry_run))


@endpoint_command.command
def apply(
    file: Path,
    *,
    allow_schema_change: _Flag = False,
    dry_run: _Flag = False,
    why: str = "",
    common: Common = COMMON,
) -> None:
    """Make an endpoint follow the plan in a TOML file; the same again changes nothing.

    Parameters
    ----------
    file
        The plan, as `hythe endpoint show NAME --toml` writes it.
    allow_schema_change
        Let versions answer whose schema breaks those who call the endpoint now.
    dry_run
        Check, and print what would change; change nothing.
    why
        The reason, for the change log.

    """
    from hythe.app.wire import opened
    from hythe.operations.endpoints.apply import apply as apply_plan
    from hythe.operations.endpoints.document import read_plan

    endpoint, document = read_plan(file)
    with opened(common.config()) as here:
        done = apply_plan(
            here.registry, endpoint, document, actor=here.actor, why=why or f"apply {file.name}",
            allow_schema_change=allow_schema_change, dry_run=dry_run,
        )  # fmt: skip
    emit(common, done, lambda: _tell(done, dry_run=dry_run))


@endpoint_command.command
def show(endpoint: str, *, toml: _Flag = False, common: Common = COMMON) -> None:
    """Show the plan of an endpoint.

    Parameters
    ----------
    endpoint
        The endpoint's name.
    toml
        Print the plan as the TOML that `hythe endpoint apply` takes.

    """
    from hythe.app.wire import opened
    from hythe.base.errors import Unsupported
    from hythe.operations.endpoints.document import to_toml
    from hythe.operations.endpoints.known import show as show_endpoint

    with opened(common.config()) as here:
        found = show_endpoint(here.catalog, endpoint)
    if toml:
        if found.plan is None:
            raise Unsupported(f"the plan of endpoint {endpoint!r} cannot be written: {found.fault}")
        print(to_toml(found.plan, _heading(found)), end="")
        return
    emit(common, found, lambda: _show(found))


@endpoint_command.command(name="list")
def list_endpoints(*, common: Common = COMMON) -> None:
    """List all endpoints, and what they serve."""
    from hythe.app.wire import opened
    from hythe.operations.endpoints.known import known

    with opened(common.config()) as here:
        found = known(here.catalog)

    def text() -> None:
        if not found:
            say("there is no endpoint yet; make one with: hythe endpoint create NAME REF")
            return
        table(
            ["endpoint", "model", "serves", "shadows", "revision", "since", "by", "rollout"],
            [
                [
                    item.endpoint,
                    item.plan.model if item.plan else "?",
                    _arms(item.plan),
                    _shadows(item.plan),
                    str(item.revision),
                    _when(item.at),
                    item.by,
                    item.rollout or "-",
                ]
                for item in found
            ],
        )

    emit(common, found, text)


@endpoint_command.command
def remove(endpoint: str, *, why: str = "", common: Common = COMMON) -> None:
    """Take an endpoint away; its history stays.

    Parameters
    ----------
    endpoint
        The endpoint's name.
    why
        The reason, for the change log.

    """
    from hythe.app.wire import opened
    from hythe.operations.endpoints.remove import remove as remove_endpoint

    with opened(common.config()) as here:
        remove_endpoint(here.catalog, endpoint, actor=here.actor, why=why)
    said = f"endpoint {endpoint} is removed; hythe up stops serving it, and hythe serve does when it ends"
    emit(common, {"endpoint": endpoint, "removed": True}, lambda: say(said))


@endpoint_command.command
def history(endpoint: str, *, common: Common = COMMON) -> None:
    """Show what an endpoint served when, who moved it, and on what evidence.

    Parameters
    ----------
    endpoint
        The endpoint's name, also of one that was removed.

    """
    from hythe.app.wire import opened
    from hythe.operations.endpoints.history import history as endpoint_history

    with opened(common.config()) as here:
        moves = endpoint_history(here.catalog, endpoint)
    emit(common, moves, lambda: tell_moves(moves))


def tell_moves(moves: list[Moved]) -> None:
    """Print what an endpoint served when."""
    table(
        ["from", "until", "revision", "served", "shadows", "who", "why", "evidence"],
        [
            [
                _when(move.at),
                _when(move.until) or "now",
                str(move.revision) if move.revision else "-",
                _shared(move.arms) or "removed",
                _shared(move.shadows) or "-",
                move.by,
                _why(move),
                _evidence(move),
            ]
            for move in moves
        ],
    )


def _tell(done: Applied, *, dry_run: bool) -> None:
    for notice in done.notices:
        say(f"note: {notice}")
    if not done.changes:
        say(f"endpoint {done.endpoint} does so already, at revision {done.revision}")
        return
    say(*done.changes)
    if dry_run:
        say("nothing was changed: this was a dry run")
        return
    say(f"endpoint {done.endpoint} follows revision {done.revision} of its plan")
    if done.revision == 1:
        say(f"serve it with: hythe up; move it with: hythe rollout start {done.endpoint} REF")


def _show(found: Known) -> None:
    from hythe.operations.endpoints.document import to_toml

    say(_heading(found))
    if found.rollout:
        say(f"rollout {found.rollout} is under way: hythe rollout status {found.endpoint}")
    if found.plan is None:
        say(f"its plan cannot be followed: {found.fault}")
    else:
        say("", to_toml(found.plan).rstrip())


def _heading(found: Known) -> str:
    return f"endpoint {found.endpoint}, revision {found.revision}, put by {found.by} at {_when(found.at)} UTC"


def _arms(plan: PlanDocument | None) -> str:
    if plan is None:
        return "?"
    return ", ".join(f"{arm.version} {arm.weight:g}%" for arm in plan.arms if arm.weight)


def _shadows(plan: PlanDocument | None) -> str:
    shadows = plan.shadows if plan else ()
    return ", ".join(f"{shadow.version} {100 * shadow.share:g}%" for shadow in shadows) or "-"


def _shared(shares: tuple[Share, ...]) -> str:
    return ", ".join(f"{item.version} {100 * item.share:.3g}%" for item in shares)


def _why(move: Moved) -> str:
    status = f"rollout {move.status.replace('_', ' ')}" if move.rollout else ""
    said = move.evidence.get("reason") or move.why
    return ": ".join(filter(None, (status, str(said)))) or "-"


def _evidence(move: Moved) -> str:
    """Name each guard's verdict, and how many of the candidate's requests or keys it is of."""
    found = [
        f"{report.get('metric', '?')} {report.get('verdict', 'waiting')} of {report.get('n_candidate', 0):,}"
        for report in move.evidence.get("reports", ())
    ]
    return ", ".join(found) or "-"


def _when(at: str) -> str:
    return at[:19].replace("T", " ")
