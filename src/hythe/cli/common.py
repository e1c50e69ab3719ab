"""What every command shares: its options, and how results reach the terminal or a program."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Self

import msgspec
from cyclopts import Parameter

from hythe.app.config import Config, load

_GROUP = "Everywhere"


@Parameter(name="*", group=_GROUP)
@dataclass(frozen=True, kw_only=True)
class Common:
    """Options of every command."""

    json: Annotated[bool, Parameter(negative=())] = False
    """Print one JSON document instead of text."""

    home: Path | None = None
    """Folder of blobs and catalog (HYTHE_HOME; default ~/.hythe)."""

    catalog: str | None = None
    """URL of the catalog's database (HYTHE_CATALOG; default SQLite in the home)."""

    actor: str | None = None
    """Who is acting, for the change log (HYTHE_ACTOR; default user@host)."""

    def config(self) -> Config:
        """Settle the settings that the options leave open."""
        return load(home=self.home, catalog=self.catalog, actor=self.actor)


COMMON = Common()


def emit(common: Common, document: Any, text: Callable[[], None]) -> None:
    """Print `document` as JSON where asked to, else let `text` print for people."""
    if common.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
        sys.stdout.flush()
    else:
        text()


def say(*lines: str) -> None:
    """Print lines as they are."""
    for line in lines:
        print(line)


def table(headings: list[str], rows: list[list[str]]) -> None:
    """Print a table that stays readable in a pipe: columns padded, no borders.

    >>> table(["model", "rows"], [["churn", "12"]])
    model  rows
    churn  12
    """
    widths = [max(len(row[i]) for row in [headings, *rows]) for i in range(len(headings))]
    for row in [headings, *rows]:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(padded).rstrip())


def in_ms(seconds: float | None) -> str:
    """Write a duration in milliseconds; "-" where there is none.

    >>> in_ms(0.00412), in_ms(None)
    ('4.12', '-')
    """
    return "-" if seconds is None else f"{seconds * 1e3:.3g}"


class Bar:
    """Progress on a terminal: one line that is rewritten; nothing where standard error is a pipe.

    Use it in a `with` block, which takes the line away at the end.
    """

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()

    def step(self, what: str, done: int = 0, total: int = 0) -> None:
        """Show what is under way."""
        if self._live:
            counted = f" {done:,} of {total:,}" if total else ""
            sys.stderr.write(f"\r\x1b[K{what}{counted} …")
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
