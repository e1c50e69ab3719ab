"""The version that was just left stays loaded for a while: the way back is taken soon, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hythe.dataplane.loop import Alarm, Loop
from hythe.dataplane.spec import VersionSpec

if TYPE_CHECKING:
    from hythe.dataplane.live import LiveVersion

REST_S = 600.0


class Resting:
    """Holds one version of an endpoint; `let_go` is told of each that is not wanted back in time."""

    def __init__(self, loop: Loop, let_go: Callable[[LiveVersion], None], rest_s: float = REST_S) -> None:
        self._loop = loop
        self._let_go = let_go
        self._rest_s = rest_s
        self._live: LiveVersion | None = None
        self._alarm: Alarm | None = None

    def put(self, live: LiveVersion) -> None:
        """Have a version rest; the one before makes room."""
        self.close()
        live.keep_answers(None)
        self._live = live
        self._alarm = self._loop.later(self._rest_s, self.close)

    def take(self, spec: VersionSpec) -> LiveVersion | None:
        """Give the version back if it is this one and would answer."""
        live = self._live
        if live is None or live.spec != spec or not live.session.ready:
            return None
        self._end()
        return live

    def close(self) -> None:
        """Let go of what rests."""
        live = self._live
        self._end()
        if live is not None:
            self._let_go(live)

    def _end(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._live = self._alarm = None
