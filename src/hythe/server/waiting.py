"""A process that serves starts while its parent proves what there is to serve: it imports, and waits."""

from __future__ import annotations

import contextlib
import select
from collections.abc import Iterable
from importlib import import_module

from hythe.runtime.bulletin import Bulletin

_LOOK_S = 0.005


def wait_for_posting(bulletin: int, talk: int, imports: Iterable[str] = ()) -> bool:
    """Wait until something is published; false when the parent ends, or says that this process is to end.

    `bulletin` and `talk` are descriptors: of the bulletin, and of the line to the parent. Until there is
    something, `imports` are imported: what it will take, most likely. One that is not installed is left to
    whoever needs it.
    """
    published = Bulletin(bulletin)
    for name in imports:
        if not published.sequence:
            with contextlib.suppress(ImportError):
                import_module(name)
    while not published.sequence:
        ended, _, _ = select.select([talk], [], [], _LOOK_S)
        if ended:
            return False
    return True
