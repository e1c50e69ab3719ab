"""`hythe observe`: what an endpoint's versions did lately."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from hythe.cli.common import COMMON, Common, emit, in_ms, say, table

if TYPE_CHECKING:
    from hythe.operations.observe import Seen, SeenShadow, SeenVersion


def observe_command(
    endpoint: str,
    *,
    since: str = "1h",
    values: Annotated[bool, Parameter(negative=())] = False,
    common: Common = COMMON,
) -> None:
    """Show what the catalog's windows hold of an endpoint: requests, latencies, values.

    Parameters
    ----------
    endpoint
        The endpoint's name.
    since
        How far back to look (90s, 15m, 1h).
    values
        Show each feature and output, too.

    """
    from hythe.app.wire import opened
    from hythe.base.amounts import seconds
    from hythe.operations.observe import observe

    with opened(common.config()) as here:
        seen = observe(here.catalog.observations, endpoint, seconds(since))
    emit(common, seen, lambda: _tell(seen, since, values=values))


def _tell(seen: Seen, since: str, *, values: bool) -> None:
    if not seen.versions:
        say(f"nothing was observed of {seen.endpoint} in the last {since}; look further back with --since")
        return
    table(
        ["version", "requests", "a second", "failed", "rows", "p50 ms", "p99 ms"],
        [
            [
                item.version or "-",
                f"{sum(item.requests.values()):,}",
                f"{item.per_second:.3g}",
                f"{item.failed:.2%}",
                f"{item.rows:,}",
                in_ms(item.p50_s),
                in_ms(item.p99_s),
            ]
            for item in seen.versions
            if item.requests or item.shadow is None
        ],
    )
    _tell_shadows({item.version: item.shadow for item in seen.versions if item.shadow is not None})
    for item in seen.versions if values else ():
        say("", f"{seen.endpoint} {item.version}")
        table(["value of", "values", "missing", "mean"], _values(item))


def _tell_shadows(shadows: Mapping[str, SeenShadow]) -> None:
    """Show beside what shadows did with copies of requests."""
    if shadows:
        say("")
        table(
            ["shadow", "copies", "failed", "labels changed", "scores moved", "slower"],
            [
                [
                    version,
                    f"{item.copies:,}",
                    f"{item.failed / item.copies:.2%}",
                    _share(item.changed),
                    _share(item.moved),
                    f"{item.slower / item.copies:.2%}",
                ]
                for version, item in shadows.items()
            ],
        )


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"


def _values(item: SeenVersion) -> list[list[str]]:
    return [
        [
            name,
            f"{found.values:,}",
            f"{found.missing:.2%}",
            "-" if found.mean is None else f"{found.mean:.6g}",
        ]
        for group in (item.features, item.outputs)
        for name, found in group.items()
    ]
