"""Spans on their way out: a bounded queue, and a thread that nobody waits for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Event, Thread

from hythe.server.observing.spans import Span

MOST_WAITING = 8192
"""How many spans wait at most."""
MOST_SENT = 512
"""How many are sent at once."""
_LINGER_S = 0.5

Send = Callable[[Sequence[Span]], bool]
"""Sends spans, and tells whether they were taken; may take its time, and does not raise."""


class SpanQueue:
    """Hands spans to `send` on a thread of its own; what finds no room, or is not taken, is lost and counted.

    `stop` is called to make a `send` under way give up.
    """

    def __init__(self, send: Send, stop: Callable[[], None], most_waiting: int = MOST_WAITING) -> None:
        self._send = send
        self._stop = stop
        self._most = most_waiting
        self._waiting: deque[Span] = deque()
        self._some = Event()
        self._ending = False
        self._dropped = self._refused = self._told = 0
        self._thread = Thread(target=self._work, name="spans", daemon=True)
        self._thread.start()

    def room(self, n: int) -> bool:
        """Tell whether there is room for `n` spans; where there is none, they count as lost."""
        if len(self._waiting) + n <= self._most:
            return True
        self._dropped += n
        return False

    def put(self, spans: Sequence[Span]) -> None:
        """Take the spans of one request, for which there is room."""
        self._waiting.extend(spans)
        if len(self._waiting) >= MOST_SENT:
            self._some.set()

    def lost(self) -> int:
        """Count the spans that were lost since the last time."""
        lost = self._dropped + self._refused
        self._told, fresh = lost, lost - self._told
        return fresh

    def close(self, patience_s: float = 3.0) -> None:
        """Send what waits, as far as that takes no longer than `patience_s`; the rest is lost."""
        self._ending = True
        self._some.set()
        self._thread.join(patience_s)
        self._stop()
        self._thread.join(1.0)
        self._dropped += len(self._waiting)
        self._waiting.clear()

    def _work(self) -> None:
        while not self._ending:
            self._some.wait(_LINGER_S)
            self._some.clear()
            self._drain()
        self._drain()

    def _drain(self) -> None:
        while self._waiting:
            chosen = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_SENT))]
            if not self._send(chosen):
                self._refused += len(chosen)
