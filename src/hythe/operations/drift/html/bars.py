"""Shares of single values: a table whose cells are bars, so that it reads as well as it looks."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.operations.drift.html.markup import Markup, tag
from hythe.operations.drift.html.shapes import Bar


def bars(found: Sequence[Bar], caption: str) -> Markup:
    """Draw a row for each value: two bars, one above the other, and their shares."""
    widest = max((max(bar.before, bar.now) for bar in found if not _of_many(bar)), default=0.0) or 1.0
    head = tag(
        "tr",
        tag("th", "value", scope="col"),
        tag("th", "share", scope="col", class_="wide"),
        tag("th", "baseline", scope="col", class_="number"),
        tag("th", "window", scope="col", class_="number"),
    )
    rows = [
        tag(
            "tr",
            tag("th", bar.label, scope="row"),
            tag("td", "" if _of_many(bar) else _pair(bar, widest), class_="wide"),
            tag("td", f"{bar.before:.1%}", class_="number"),
            tag("td", f"{bar.now:.1%}", class_="number"),
        )
        for bar in found
    ]
    return tag(
        "table",
        tag("caption", caption, class_="hidden"),
        tag("thead", head),
        tag("tbody", *rows),
        class_="bars",
    )


def _of_many(bar: Bar) -> bool:
    """Tell whether it is of several values, which are no measure for one."""
    return bar.label.endswith(" others")


def _pair(bar: Bar, widest: float) -> Markup:
    """Draw both shares, scaled to the largest of the table."""
    marks = (
        tag("rect", x=0, y=1, width=100.0 * bar.before / widest, height=6, class_="before"),
        tag("rect", x=0, y=8, width=100.0 * bar.now / widest, height=6, class_="now"),
    )
    return tag("svg", *marks, viewBox="0 0 100 15", preserveAspectRatio="none", aria_hidden="true")
