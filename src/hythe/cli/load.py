"""`hythe load http://HOST:PORT/predict/churn --rate 2000 --for 30s`: an open-loop load test."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

from hythe.base.errors import Invalid
from hythe.cli.common import COMMON, Bar, Common, emit

if TYPE_CHECKING:
    from hythe.operations.pressure.plan import Arrivals, Objective, Pressure
    from hythe.operations.pressure.report import Report
    from hythe.operations.pressure.run import Progress, Search
    from hythe.operations.pressure.tally import Tally
    from hythe.operations.pressure.target import Target


def load_command(  # noqa: PLR0913 - one parameter for each option of the command
    url: str,
    *,
    rate: str = "100",
    for_: Annotated[str, Parameter(name="--for")] = "10s",
    data: Path | None = None,
    ref: str | None = None,
    rows: int = 1,
    arrivals: str = "poisson",
    connections: int = 64,
    timeout_ms: float = 10_000.0,
    key: str | None = None,
    objective: str | None = None,
    find: Annotated[bool, Parameter(negative=())] = False,
    out: Path | None = None,
    common: Common = COMMON,
) -> int:
    """Send requests at a fixed rate and measure each from the moment it was due.

    No request waits for the answer to another, as users do not: a server that stalls is seen to stall (no
    coordinated omission). Without rows of your own, the example in the server's /openapi.json is sent.

    Parameters
    ----------
    url
        What is asked: http://HOST:PORT/predict/NAME, or the server alone where it has one endpoint.
    rate
        Requests a second (2000, 2000/s, 600/m); with --find, the first rate that is tried.
    for_
        How long (30s, 2m); with --find, how long each trial takes.
    data
        A file of rows, sent in turn: Parquet, Arrow, CSV, JSON or JSON lines.
    ref
        A version in the registry whose stored rows are sent in turn.
    rows
        Rows in one request.
    arrivals
        poisson (independent users) or constant (a steady beat).
    connections
        How many connections are kept open.
    timeout_ms
        How long a request may take; the server is told.
    key
        An API key or a token (HYTHE_API_KEY).
    objective
        What counts as good, p99<20ms; exit code 1 when it is missed.
    find
        Search for the highest rate that holds the objective.
    out
        A file for the report as JSON.

    """
    from hythe.base.amounts import per_second, seconds
    from hythe.operations.pressure.plan import Objective, Pressure
    from hythe.operations.pressure.target import find_target

    pressure = Pressure(
        rate=per_second(rate),
        for_s=seconds(for_),
        arrivals=_arrivals(arrivals),
        connections=connections,
        timeout_s=timeout_ms / 1e3,
    )
    goal = Objective.parse(objective) if objective else None
    secret = os.environ.get("HYTHE_API_KEY", "") if key is None else key
    target = find_target(url, _rows(data, ref, common), key=secret, rows_each=rows)
    if not find:
        return _test(target, pressure, goal, out, common)
    if goal is None:
        raise Invalid("--find needs --objective, such as p99<20ms")
    return _search(target, pressure, goal, out, common)


def _test(
    target: Target, pressure: Pressure, goal: Objective | None, out: Path | None, common: Common
) -> int:
    from hythe.cli.load_text import print_report
    from hythe.operations.pressure.run import run

    with Bar() as bar:
        found = run(target, pressure, goal, _progress(bar, pressure.for_s))
    _keep(out, found)
    emit(common, found, lambda: print_report(found))
    return 0 if found.answered and found.holds is not False else 1


def _search(target: Target, pressure: Pressure, goal: Objective, out: Path | None, common: Common) -> int:
    from hythe.cli.load_text import print_search, trial_line
    from hythe.operations.pressure.run import find

    with Bar() as bar:
        progress = _progress(bar, pressure.for_s)
        found = find(target, pressure, goal, lambda trial: bar.step(trial_line(trial)), progress)
    _keep(out, found)
    emit(common, found, lambda: print_search(found))
    return 0 if found.rate else 1


def _keep(out: Path | None, found: Report | Search) -> None:
    if out is not None:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(found)))


def _arrivals(text: str) -> Arrivals:
    if text == "poisson":
        return "poisson"
    if text == "constant":
        return "constant"
    raise Invalid(f"arrivals is {text!r}; use poisson or constant")


def _rows(data: Path | None, ref: str | None, common: Common) -> list[dict[str, Any]] | None:
    if data is not None and ref is not None:
        raise Invalid("the rows come from --data or from --ref; give one of them")
    if data is not None:
        from hythe.operations.tables import read_table

        rows: list[dict[str, Any]] = read_table(data).to_pylist()
        return rows
    if ref is None:
        return None
    from hythe.app.wire import opened
    from hythe.operations.stored_rows import stored_rows

    with opened(common.config()) as here:
        return stored_rows(here.registry, ref)


def _progress(bar: Bar, for_s: float) -> Progress:
    def show(tally: Tally, passed_s: float) -> None:
        answered = tally.seconds[-2].answered if len(tally.seconds) > 1 else tally.answered
        p99 = tally.latency.quantile(0.99) * 1e3 if tally.answered else 0.0
        bar.step(
            f"{min(passed_s, for_s):.0f} of {for_s:g} s: {answered:,}/s answered, "
            f"p99 {p99:.3g} ms, {tally.failed:,} failed"
        )

    return show
