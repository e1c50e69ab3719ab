"""A histogram of numbers: the baseline as an area, the window as a line over it."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.operations.drift.html.markup import Markup, joined, tag
from hythe.operations.drift.html.shapes import Bar, Steps, as_text

_WIDTH, _HEIGHT, _FOOT, _TOP = 760.0, 176.0, 20.0, 18.0
_BAR, _GAP = 46.0, 12.0
_TICKS = 5
_LEAST_TALLEST = 0.2
"""A bar beside the axis is as high as the plot where it holds so many of the rows, or more."""


def histogram(steps: Steps, title: str) -> Markup:
    """Draw shares along an axis; what has no place on it stands at the right, to a scale of its own."""
    width = _WIDTH - len(steps.aside) * (_BAR + _GAP) - (_GAP if steps.aside else 0.0)
    scale = (_HEIGHT - _TOP) / (max((*steps.before, *steps.now), default=0.0) or 1.0)
    tallest = max((*(max(bar.before, bar.now) for bar in steps.aside), _LEAST_TALLEST))
    marks = [
        tag("title", title),
        tag("path", d=_area(steps.before, width, scale), class_="before"),
        tag("path", d=_outline(steps.now, width, scale), class_="now"),
        _axis(steps, width),
        *(
            _aside(bar, width + _GAP + place * (_BAR + _GAP), (_HEIGHT - _TOP) / tallest)
            for place, bar in enumerate(steps.aside)
        ),
    ]
    box = f"0 0 {_WIDTH:.0f} {_HEIGHT + _FOOT:.0f}"
    return tag("svg", *marks, viewBox=box, role="img", aria_label=title, class_="histogram")


def sparkline(before: Sequence[float], now: Sequence[float]) -> Markup:
    """Draw the same very small, for a table; what it shows is said beside it."""
    width, height = 120.0, 24.0
    scale = height / (max((*before, *now), default=0.0) or 1.0)
    marks = (
        tag("path", d=_area(before, width, scale, height), class_="before"),
        tag("path", d=_outline(now, width, scale, height), class_="now"),
    )
    return tag("svg", *marks, viewBox=f"0 0 {width:.0f} {height:.0f}", aria_hidden="true", class_="spark")


def _area(shares: Sequence[float], width: float, scale: float, floor: float = _HEIGHT) -> str:
    return f"M0 {floor:.1f}{_steps(shares, width, scale, floor)}V{floor:.1f}Z"


def _outline(shares: Sequence[float], width: float, scale: float, floor: float = _HEIGHT) -> str:
    return f"M0 {floor:.1f}{_steps(shares, width, scale, floor)}V{floor:.1f}"


def _steps(shares: Sequence[float], width: float, scale: float, floor: float) -> str:
    step = width / (len(shares) or 1)
    return "".join(
        f"V{floor - share * scale:.1f}H{(place + 1) * step:.1f}" for place, share in enumerate(shares)
    )


def _axis(steps: Steps, width: float) -> Markup:
    marks = [tag("line", x1=0.0, x2=width, y1=_HEIGHT, y2=_HEIGHT, class_="axis")]
    for place in range(_TICKS):
        share = place / (_TICKS - 1)
        text = as_text(steps.low + share * (steps.high - steps.low))
        anchor = "start" if place == 0 else "end" if place == _TICKS - 1 else "middle"
        marks.append(tag("text", text, x=share * width, y=_HEIGHT + 15.0, text_anchor=anchor))
    return joined(*marks)


def _aside(bar: Bar, left: float, scale: float) -> Markup:
    half = _BAR / 2
    top = _HEIGHT - max(bar.before, bar.now) * scale
    heights = [max(share * scale, 1.0 if share else 0.0) for share in (bar.before, bar.now)]
    marks = [
        tag("title", f"{bar.label}: {bar.before:.2%} of the baseline, {bar.now:.2%} of the window"),
        tag("rect", x=left, y=_HEIGHT - heights[0], width=half, height=heights[0], class_="before"),
        tag("rect", x=left + half, y=_HEIGHT - heights[1], width=half, height=heights[1], class_="now"),
        tag("text", f"{bar.now:.1%}", x=left + half, y=top - 4.0, text_anchor="middle"),
        tag("text", bar.label, x=left + half, y=_HEIGHT + 15.0, text_anchor="middle"),
    ]
    return tag("g", *marks)
