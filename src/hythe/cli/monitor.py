"""`hythe monitor ENDPOINT|apply|settings`: how an endpoint does, and how that is judged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from hythe.base.errors import Invalid
from hythe.cli.common import COMMON, Bar, Common, emit, say, table
from hythe.operations.whole import whole

if TYPE_CHECKING:
    from rich.console import Group

    from hythe.operations.monitoring.settings import Settings, Settled
    from hythe.operations.monitoring.view import MonitorView
    from hythe.operations.monitoring.viewer import Viewer
    from hythe.registry.registry import Registry

monitor_command = App(name="monitor", help="Show how an endpoint does, and say how that is judged.")
_Flag = Annotated[bool, Parameter(negative=())]


@monitor_command.default
@monitor_command.command
def show(
    endpoint: str,
    *,
    since: str = "1d",
    version: str | None = None,
    watch: _Flag = False,
    interval: float = 5.0,
    report: Path | None = None,
    common: Common = COMMON,
) -> None:
    """Show traffic, latency, errors, drift, quality, performance and alerts of an endpoint on one screen.

    Periods that nobody has looked at yet are looked at now; nothing is stored.

    Parameters
    ----------
    endpoint
        The endpoint: scoring.
    since
        How far back to look (90s, 15m, 1h, 7d).
    version
        One version alone.
    watch
        On a terminal, renew the screen until Ctrl-C.
    interval
        Seconds between two looks.
    report
        Write what was found of the version that is asked most into an HTML file, with plots.

    """
    from hythe.app.wire import opened
    from hythe.base.amounts import seconds
    from hythe.operations.monitoring.viewer import Viewer

    if not interval > 0:
        raise Invalid(f"interval is {interval:g} s; give more than 0")
    length_s = seconds(since)
    with opened(common.config()) as here:
        viewer = Viewer(here.registry, endpoint)
        with Bar() as bar:
            view = viewer.look(length_s, version, bar)
            if report is not None:
                _write(here.registry, view, report, bar)
        if watch and not common.json and sys.stdout.isatty():
            _live(viewer, view, since, version, interval)
            return
    emit(common, whole(view), lambda: _print(view, since))
    if report is not None and not common.json:
        say(f"written: {report}")


@monitor_command.command
def apply(
    file: Path,
    *,
    dry_run: _Flag = False,
    why: str = "",
    common: Common = COMMON,
) -> None:
    """Judge an endpoint by the policy in a TOML file from now on; the same again changes nothing.

    Parameters
    ----------
    file
        The policy, as `hythe monitor settings NAME` writes it.
    dry_run
        Check, and print what would change; change nothing.
    why
        The reason, for the change log.

    """
    from hythe.app.wire import opened
    from hythe.operations.monitoring.policy import read_policy
    from hythe.operations.monitoring.settings import apply as apply_policy

    endpoint, policy = read_policy(file)
    with opened(common.config()) as here:
        done = apply_policy(
            here.registry, endpoint, policy, actor=here.actor, why=why or f"apply {file.name}",
            dry_run=dry_run,
        )  # fmt: skip
    emit(common, whole(done), lambda: _tell(done, dry_run=dry_run))


@monitor_command.command
def settings(endpoint: str, *, common: Common = COMMON) -> None:
    """Print how an endpoint is judged, as the TOML that `hythe monitor apply` takes.

    Parameters
    ----------
    endpoint
        The endpoint's name.

    """
    from hythe.app.wire import opened
    from hythe.operations.monitoring.policy import to_toml
    from hythe.operations.monitoring.settings import settings as settings_of

    with opened(common.config()) as here:
        found = settings_of(here.catalog, endpoint)
    text = to_toml(endpoint, found.policy, _heading(found))
    emit(common, whole(found), lambda: print(text, end=""))


def _write(registry: Registry, view: MonitorView, file: Path, bar: Bar) -> None:
    from hythe.operations.monitoring.page import page

    text = page(registry, view, bar)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as err:
        raise Invalid(f"{file} cannot be written: {err}; name another file") from err


def _heading(found: Settings) -> str:
    if not found.revision:
        return f"how endpoint {found.endpoint} is monitored: the usual way, for nobody put another"
    when = found.at[:19].replace("T", " ")
    return (
        f"how endpoint {found.endpoint} is monitored: revision {found.revision}, by {found.by} at {when} UTC"
    )


def _tell(done: Settled, *, dry_run: bool) -> None:
    if not done.changes:
        say(f"endpoint {done.endpoint} is monitored so already, at revision {done.revision}")
        return
    say(*done.changes)
    if dry_run:
        say("nothing was changed: this was a dry run")
        return
    say(
        f"endpoint {done.endpoint} is monitored by revision {done.revision}, from the next period on",
        f"look with: hythe monitor {done.endpoint}",
    )


def _print(view: MonitorView, since: str) -> None:
    if sys.stdout.isatty():
        from rich.console import Console

        from hythe.cli.monitor_screen import screen

        Console(highlight=False).print(screen(view, since))
        return
    from hythe.cli.monitor_text import headline, sections

    say(headline(view, since))
    for section in sections(view):
        say("", section.title)
        if section.rows:
            table(section.headings, section.rows)
        say(*section.below)
    say("", *(f"note: {note}" for note in view.notes), *(f"next: {line}" for line in view.next))


def _live(viewer: Viewer, view: MonitorView, since: str, version: str | None, interval: float) -> None:
    """Renew the screen until Ctrl-C."""
    from hythe.base.amounts import seconds
    from hythe.cli.monitor_screen import screen
    from hythe.cli.renewed import renewed

    def drawn(seen: MonitorView) -> Group:
        return screen(seen, since, "   Ctrl-C ends")

    renewed(drawn(view), lambda: drawn(viewer.look(seconds(since), version)), interval)
