"""`hythe rollout status scoring`: what each guard knows, and what there is to wait for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from hythe.base.errors import Invalid
from hythe.cli.common import COMMON, Common, emit, say, table
from hythe.operations.whole import whole

if TYPE_CHECKING:
    from rich.console import Group

    from hythe.operations.rollouts.view import RolloutView
    from hythe.registry.catalog import Catalog

_FEW = 5
_LONGEST = 100
_COLOURS = {"running": "green", "promoted": "green", "finished": "green", "rolled_back": "red"}
_VERDICTS = {"fine": "green", "worse": "red"}


def status_command(
    endpoint: str,
    *,
    watch: Annotated[bool, Parameter(negative=())] = False,
    interval: float = 1.0,
    common: Common = COMMON,
) -> int:
    """Show the rollout of an endpoint, or its last one: estimates, evidence, verdicts, what is needed.

    With --watch on a terminal the view is renewed until the rollout has ended, or Ctrl-C. Exit code 1 when
    the candidate went back.

    Parameters
    ----------
    endpoint
        The endpoint: scoring.
    watch
        Renew the view.
    interval
        Seconds between two looks.

    """
    from hythe.app.wire import opened
    from hythe.operations.rollouts.view import view

    if not interval > 0:
        raise Invalid(f"interval is {interval:g} s; give more than 0")
    with opened(common.config()) as here:
        if watch and not common.json and sys.stdout.isatty():
            _live(here.catalog, endpoint, interval)
        seen = view(here.catalog, endpoint)
    emit(common, whole(seen), lambda: _print(seen))
    return 1 if seen.rollout.status == "rolled_back" else 0


def _live(catalog: Catalog, endpoint: str, interval: float) -> None:
    """Renew the view until the rollout has ended, or Ctrl-C."""
    from hythe.cli.renewed import renewed
    from hythe.operations.rollouts.view import view

    def look() -> Group | None:
        seen = view(catalog, endpoint)
        return None if seen.rollout.ended else _drawn(seen)

    first = look()
    if first is not None:
        renewed(first, look, interval)


def _drawn(seen: RolloutView) -> Group:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from hythe.cli.rollout_text import GUARD_HEADINGS, guard_rows

    head, *rest = _head(seen)
    body = Table(box=None, padding=(0, 1), header_style="bold")
    for heading in GUARD_HEADINGS:
        body.add_column(heading, no_wrap=heading != "verdict")
    verdicts = {report.metric: report.verdict for report in seen.rollout.reports}
    for row in guard_rows(seen.rollout):
        body.add_row(*row, style=_VERDICTS.get(verdicts.get(row[0], ""), ""))
    colour = _COLOURS.get(seen.rollout.status, "yellow")
    title = Text.assemble(("● ", colour), head, ("   Ctrl-C ends", "dim"))
    return Group(title, *(Text(line) for line in rest), Text(""), body, Text(""), *map(Text, _worst(seen)))


def _print(seen: RolloutView) -> None:
    from hythe.cli.rollout_text import GUARD_HEADINGS, guard_rows

    say(*_head(seen), "")
    table(GUARD_HEADINGS, guard_rows(seen.rollout))
    worst = _worst(seen)
    if worst:
        say("", *worst)


def _head(seen: RolloutView) -> list[str]:
    from hythe.cli.rollout_text import ladder, line
    from hythe.rollout.reasons import duration

    rollout = seen.rollout
    lines = [line(rollout), f"stages: {ladder(rollout)}"]
    lines.append(
        f"{rollout.policy.strategy}, alpha {rollout.policy.alpha:g}, {100 * seen.share:.3g}% of the traffic, "
        f"{duration(rollout.running_s)} under way, begun by {rollout.started_by} at {rollout.started_at[:19]}"
    )
    if not rollout.ended and not seen.controller:
        lines.append("no controller is at work, so nothing moves by itself: start hythe up, or hythe control")
    return lines


def _worst(seen: RolloutView) -> list[str]:
    """Show what the shadow answered most differently."""
    if not seen.differences:
        return []
    lines = ["answers that differed most, the endpoint's and the shadow's:"]
    for each in seen.differences[:_FEW]:
        other = _cut(each.shadow_answer or each.reason)
        lines.append(f"  {each.id} {each.kind}: {_cut(each.answer)} / {other}")
        lines.append(f"    {_cut(each.features)}")
    return lines


def _cut(value: Any) -> str:
    import json

    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
