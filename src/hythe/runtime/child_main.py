"""The child's side: load one native model, answer until the parent is gone.

Run as `python -m hythe.runtime.child_main FD PARENT_PID`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from hythe.bundle.rows import Rows, count, take
from hythe.bundle.schema import Schema
from hythe.flavors.find import named
from hythe.flavors.protocol import Flavor
from hythe.runtime import wire

_PR_SET_PDEATHSIG = 1


def main(descriptor: int, parent: int) -> int:
    """Serve one parent over the socket `descriptor`; gives the exit status."""
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when Ctrl-C ends us
    with socket.socket(fileno=descriptor) as channel:
        try:
            return _serve(channel)
        except EOFError:
            return 0


def die_with(parent: int) -> None:
    """Have the kernel kill this process when the process `parent` ends, however it ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call above
        os._exit(1)


def _serve(channel: socket.socket) -> int:
    load, _ = wire.receive(channel)
    if not isinstance(load, wire.Load):
        return 2
    try:
        flavor = named(load.flavor)
        model = flavor.load(Path(load.folder), load.format)
    except Exception as err:  # noqa: BLE001 - whatever a stranger's loader raises is told to the parent
        wire.send(channel, wire.Failed(_said(err)))
        return 1
    wire.send(channel, wire.Loaded())
    while True:
        request, payload = wire.receive(channel)
        if not isinstance(request, wire.Predict):
            return 2
        _answer(channel, flavor, model, load.schema, wire.unpack(request.parts, payload))


def _answer(channel: socket.socket, flavor: Flavor, model: Any, schema: Schema, rows: Rows) -> None:
    try:
        parts, payload = wire.pack(flavor.predict(model, rows, schema))
    except MemoryError as err:
        wire.send(channel, wire.Failed(_said(err)))
    except Exception as err:  # noqa: BLE001 - whatever the model raises is its refusal
        wire.send(channel, wire.Refused(_said(err), _first_refused(flavor, model, schema, rows)))
    else:
        wire.send(channel, wire.Answered(parts), payload)


def _first_refused(flavor: Flavor, model: Any, schema: Schema, rows: Rows) -> int | None:
    """Find by halving the first row that the model refuses by itself; None when it refuses only the batch."""
    start, end = 0, count(rows)
    while end - start > 1:
        middle = (start + end) // 2
        if _refuses(flavor, model, schema, take(rows, range(start, middle))):
            end = middle
        else:
            start = middle
    return start if _refuses(flavor, model, schema, take(rows, [start])) else None


def _refuses(flavor: Flavor, model: Any, schema: Schema, rows: Rows) -> bool:
    try:
        flavor.predict(model, rows, schema)
    except Exception:  # noqa: BLE001 - whatever the model raises is its refusal
        return True
    return False


def _said(err: BaseException) -> str:
    return f"{type(err).__name__}: {err}"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
