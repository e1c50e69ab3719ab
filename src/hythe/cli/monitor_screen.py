"""What is known of an endpoint, drawn for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hythe.cli.monitor_text import Section, headline, sections

if TYPE_CHECKING:
    from hythe.operations.monitoring.view import MonitorView

_NUMBERS = frozenset(
    {
        "share", "requests", "a second", "failed", "p50 ms", "p95 ms", "p99 ms", "apart", "effect", "weight",
        "rows", "value", "id",
    }
)  # fmt: skip
_WRAPPED = frozenset({"what", "of"})
_BARS = "over time"


def screen(view: MonitorView, since: str, ending: str = "") -> Group:
    """Draw a look at an endpoint; `ending` says how to leave."""
    colour = "red" if view.alarms or view.alerts else "green" if view.reports else "yellow"
    head = Text.assemble(("● ", colour), (headline(view, since), "bold"), (ending, "dim"))
    parts: list[RenderableType] = [head]
    for section in sections(view):
        parts += [Text(""), *_section(section)]
    parts += [Text(""), *(Text(f"note: {note}", "dim") for note in view.notes)]
    parts += [Text.assemble(("next: ", "bold cyan"), line) for line in view.next]
    return Group(*parts)


def _section(section: Section) -> list[RenderableType]:
    drawn: list[RenderableType] = [Text(section.title, "bold underline")]
    if section.rows:
        drawn.append(_table(section))
    return [*drawn, *(Text(line, "red" if line.startswith("!") else "dim") for line in section.below)]


def _table(section: Section) -> Table:
    body = Table(box=None, padding=(0, 1), header_style="bold dim")
    for heading in section.headings:
        body.add_column(
            heading,
            justify="right" if heading in _NUMBERS else "left",
            no_wrap=heading not in _WRAPPED,
            style="cyan" if heading == _BARS else "",
            overflow="fold",
        )
    for place, row in enumerate(section.rows):
        body.add_row(*map(Text, row), style="red" if place in section.alarming else "")
    return body
