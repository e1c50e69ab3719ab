"""Markup whose text is escaped wherever it comes from, so that no column's name is taken for an element."""

from __future__ import annotations

from html import escape


class Markup(str):
    """Text that is markup already, and stays as it is."""

    __slots__ = ()


def tag(element: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """Write an element; underscores of attributes are hyphens, and one at the end is left out.

    >>> tag("td", "a < b", class_="wide", data_n=3, title=None)
    '<td class="wide" data-n="3">a &lt; b</td>'
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_value(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{element}{written}>{joined(*children)}</{element}>")


def joined(*children: str) -> Markup:
    """Put markup and text behind each other.

    >>> joined("1 < 2", tag("b", "!"))
    '1 &lt; 2<b>!</b>'
    """
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children))


def _value(value: str | float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
