"""The child's side: load one native model, answer until the parent is gone.

`boot.py` starts it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
from functools import partial
from pathlib import Path
from typing import Any

from hythe.bundle.outcome import Outcome
from hythe.flavors.find import at
from hythe.flavors.placing import place
from hythe.flavors.protocol import Flavor
from hythe.runtime.native import wire
from hythe.runtime.native.arena import Arena
from hythe.runtime.native.channel import Channel
from hythe.runtime.native.in_use import hold_environment
from hythe.runtime.native.refusing import OutOfMemory, answer

_PR_SET_PDEATHSIG = 1


def main(descriptor: int, arena: int, parent: int) -> int:
    """Serve one parent over the socket `descriptor` and the shared memory `arena`; gives the exit status."""
    die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when Ctrl-C ends us
    hold_environment()
    channel = Channel(socket.socket(fileno=descriptor), Arena(arena))
    try:
        return _serve(channel)
    except EOFError:
        return 0
    except (OutOfMemory, MemoryError) as err:
        channel.send(wire.Failed(str(err), memory=True))
        return 1


def die_with(parent: int) -> None:
    """Have the kernel kill this process when the process `parent` ends, however it ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the call above
        os._exit(1)


def _serve(channel: Channel) -> int:
    load, _ = channel.receive()
    if not isinstance(load, wire.Load):
        return 2
    try:
        flavor, model, device = _loaded(load)
    except Exception as err:  # noqa: BLE001 - whatever a stranger's loader raises is told to the parent
        channel.send(wire.Failed(_said(err), memory=isinstance(err, MemoryError)))
        return 1
    channel.send(wire.Loaded(device))
    predict = partial(flavor.predict, model, schema=load.schema)
    while True:
        request, payload = channel.receive()
        if not isinstance(request, wire.Predict):
            return 2
        _send(channel, answer(predict, wire.unpack(request.parts, payload)))


def _loaded(load: wire.Load) -> tuple[Flavor, Any, str]:
    flavor = at(load.flavor, load.point)
    model, device = place(flavor, flavor.load(Path(load.folder), load.format), load.device)
    return flavor, model, device


def _send(channel: Channel, outcome: Outcome) -> None:
    payload = wire.Payload(outcome.answers)
    refused = tuple(outcome.refused.nonzero()[0].tolist()) if outcome.reasons else ()
    channel.send(wire.Answered(payload.parts, refused, dict(outcome.reasons)), payload)


def _said(err: BaseException) -> str:
    return f"{type(err).__name__}: {err}"
