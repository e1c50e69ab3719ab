"""A view is renewed until it ends, whatever is away meanwhile."""

from __future__ import annotations

import io
from collections.abc import Callable

from rich.console import Console, RenderableType

from hythe.base.errors import Unavailable
from hythe.cli.renewed import renewed


def fails(err: BaseException) -> Callable[[], RenderableType | None]:
    def look() -> RenderableType | None:
        raise err

    return look


def seen(*looks: Callable[[], RenderableType | None]) -> str:
    """Give what a terminal is sent while it is looked so, and once more at most."""
    waiting = iter(looks)
    out = io.StringIO()

    def look() -> RenderableType | None:
        return next(waiting)()

    renewed("at first", look, 0.001, Console(file=out, force_terminal=True, width=80))
    assert next(waiting, None) is None
    return out.getvalue()


def test_an_error_stands_in_the_views_place_and_the_next_look_is_taken() -> None:
    gone = fails(Unavailable("the catalog [/at] 'a' is gone"))
    shown = seen(gone, gone, lambda: "back again", lambda: None)
    assert shown.index("at first") < shown.index("the catalog [/at] 'a' is gone") < shown.index("back again")
    assert shown.count("the catalog") == 2
    assert shown.count("at first") == 1


def test_ctrl_c_ends_it_in_order() -> None:
    assert "at first" in seen(fails(KeyboardInterrupt()))
