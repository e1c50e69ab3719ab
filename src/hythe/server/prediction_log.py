"""The process that writes the prediction log; the parent runs this with PLACE TALK SPEC.

Nothing else waits for it: while it is away, or its store is, the ring to it fills, and what finds no room is
counted as lost.
"""

from __future__ import annotations

import socket
import sys
import time

from hythe.operations.predictions.store import open_store
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.counters import Counters
from hythe.runtime.log import Log
from hythe.runtime.slot import READY
from hythe.server.ending import Ending
from hythe.server.observing.logged import Logged
from hythe.server.observing.losses import Losses
from hythe.server.observing.prediction_writer import POLL_S, PredictionWriter
from hythe.server.worker_spec import WorkerSpec

_LOG = Log("hythe.predictions")
_LAST_S = 20.0
"""How long the last records are waited for, and tried to be written."""


def main(place: int, talk: int, spec: int) -> int:
    """Work until the parent says stop, or is gone; gives the exit status."""
    told = WorkerSpec.read(spec)
    config, ring = told.prediction_log, told.descriptors.predictions
    if config is None or ring is None:
        return 2
    parent = socket.socket(fileno=talk)
    ending = Ending(parent)
    logged = Logged(Bulletin(told.descriptors.bulletin), place, config)
    losses = Losses(Counters(told.descriptors.counters, place))
    writer = PredictionWriter(ring, config, open_store(config.place), logged, losses)
    parent.sendall(f"{READY}\n".encode())
    while not ending.waited(POLL_S):
        logged.refresh()
        writer.step()
    logged.refresh()
    until = time.monotonic() + _LAST_S
    while not writer.finish():
        if time.monotonic() >= until:
            _LOG.error("predictions are lost: their store took nothing until the end")
            break
        time.sleep(POLL_S / 10)
    return 0


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
