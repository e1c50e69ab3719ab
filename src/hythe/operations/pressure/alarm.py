"""An alarm that rings within a tenth of a millisecond; event loops round their timers to whole ones."""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import Callable

_CLOCK_MONOTONIC = 1
_ABSOLUTE = 1
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC


class _Moment(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Setting(ctypes.Structure):
    _fields_ = (("interval", _Moment), ("value", _Moment))


class Alarm:
    """Calls `ring` at a moment of `time.monotonic`, by a timer of the kernel (timerfd_create(2))."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._timer = self._libc.timerfd_create(_CLOCK_MONOTONIC, _FLAGS)
        if self._timer < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._setting = _Setting()
        self._loop = loop
        self._ring = ring
        loop.add_reader(self._timer, self._rung)

    def set(self, moment_s: float) -> None:
        """Ring at `moment_s`, at once when it is past; an earlier setting is forgotten."""
        whole = int(moment_s)
        self._setting.value.seconds = whole
        self._setting.value.nanoseconds = max(int((moment_s - whole) * 1e9), 1)
        self._libc.timerfd_settime(self._timer, _ABSOLUTE, ctypes.byref(self._setting), None)

    def close(self) -> None:
        """Ring no more."""
        self._loop.remove_reader(self._timer)
        os.close(self._timer)

    def _rung(self) -> None:
        os.read(self._timer, 8)
        self._ring()
