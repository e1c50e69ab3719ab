"""`hythe top`: what a running server does, every second."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from hythe.base.errors import Invalid
from hythe.cli.common import COMMON, Common, emit, say, table

if TYPE_CHECKING:
    from rich.console import Group

    from hythe.client import Client
    from hythe.operations.top import Line, Scrape, View

_HEADINGS = [
    "endpoint", "version", "ready", "req/s", "rows/s", "errors", "p50 ms", "p99 ms", "queue ms", "queued",
    "batch", "in flight", "cached/s", "degraded/s", "shed/s",
]  # fmt: skip
_NUMBERS_FROM = 3


def top_command(
    url: str | None = None,
    *,
    interval: float = 1.0,
    once: Annotated[bool, Parameter(negative=())] = False,
    key: str | None = None,
    common: Common = COMMON,
) -> int:
    """Watch a running server: requests, errors, latencies, batches, per endpoint and version.

    On a terminal the view is renewed until Ctrl-C; in a pipe, with --once or with --json it is printed once.

    Parameters
    ----------
    url
        The server's address (HYTHE_URL; default http://127.0.0.1:8080).
    interval
        Seconds between two looks; rates are over that time.
    once
        Print one view and end; exit code 1 when the server is not ready.
    key
        An API key or a token, where the metrics need one (HYTHE_API_KEY).

    """
    from hythe.client import Client
    from hythe.operations.top import view

    if not interval > 0:
        raise Invalid(f"interval is {interval:g} s; give more than 0")
    with Client(url, key=key, retries=0, timeout_s=5.0) as client:
        before = _scrape(client)
        if not once and not common.json and sys.stdout.isatty():
            _live(client, before, interval)
            return 0
        time.sleep(interval)
        seen = view(before, _scrape(client))
    emit(common, seen, lambda: _print(client.url, seen))
    return 0 if seen.ready else 1


def _scrape(client: Client) -> Scrape:
    from hythe.operations.top import Scrape

    return Scrape(time.monotonic(), client.metrics(), client.ready())


def _live(client: Client, before: Scrape, interval: float) -> None:
    """Renew the view until Ctrl-C; rates are over the time since the last look."""
    from rich.text import Text

    from hythe.cli.renewed import renewed
    from hythe.operations.top import view

    def look() -> Group:
        nonlocal before
        after = _scrape(client)
        drawn, before = _drawn(client.url, view(before, after)), after
        return drawn

    renewed(Text(f"{client.url}: looking"), look, interval)


def _drawn(url: str, seen: View) -> Group:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    colour = "green" if seen.ready else "red"
    head = Text.assemble(("● ", colour), _headline(url, seen), ("   Ctrl-C ends", "dim"))
    body = Table(box=None, padding=(0, 1), header_style="bold")
    for place, heading in enumerate(_HEADINGS):
        body.add_column(heading, justify="left" if place < _NUMBERS_FROM else "right", no_wrap=True)
    for line in seen.lines:
        body.add_row(*_cells(line), style="yellow" if line.errors or line.shed else "")
    return Group(head, Text(""), body)


def _print(url: str, seen: View) -> None:
    say(_headline(url, seen), "")
    table(_HEADINGS, [_cells(line) for line in seen.lines])


def _headline(url: str, seen: View) -> str:
    state = "draining" if seen.draining else "ready" if seen.ready else "not ready"
    restarts = "" if seen.restarts is None else f", {seen.restarts:,.0f} restarts"
    return f"{url}: {state}, {seen.requests:,.1f} requests/s{restarts}"


def _cells(line: Line) -> list[str]:
    return [
        line.endpoint,
        line.version or "-",
        {True: "yes", False: "no", None: "-"}[line.ready],
        f"{line.requests:,.1f}",
        _number(line.rows),
        f"{100 * line.errors:.2f}%",
        _number(line.p50_ms, 3),
        _number(line.p99_ms, 3),
        _number(line.queue_ms, 3),
        _number(line.queue_rows, 0),
        _number(line.batch_rows),
        _number(line.in_flight, 0),
        _number(line.cache_hits),
        _number(line.degraded),
        f"{line.shed:,.1f}",
    ]


def _number(value: float | None, places: int = 1) -> str:
    return "-" if value is None else f"{value:,.{places}f}"
