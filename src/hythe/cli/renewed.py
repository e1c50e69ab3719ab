"""A view on a terminal that is renewed until Ctrl-C, as `watch` does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from hythe.base.errors import HytheError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def renewed(
    first: RenderableType,
    look: Callable[[], RenderableType | None],
    interval_s: float,
    console: Console | None = None,
) -> None:
    """Fill the screen with `first`, and after each interval with what `look` gives, until that is None.

    What is away for a while is waited for: an error that a look raises stands in its place until the next.
    Ctrl-C ends it in order.
    """
    from rich.live import Live
    from rich.text import Text

    shown: RenderableType | None = first
    with Live(screen=True, auto_refresh=False, console=console) as live:
        try:
            while shown is not None:
                live.update(shown, refresh=True)
                time.sleep(interval_s)
                try:
                    shown = look()
                except HytheError as err:
                    shown = Text.assemble((str(err), "red"), ("   Ctrl-C ends", "dim"))
        except KeyboardInterrupt:
            return
