"""The sidecar's process; the parent runs it as `python -m hythe.server.sidecar PLACE TALK SPEC`.

It folds what serving processes observed into windows and stores them. Nothing that answers requests depends
on it: while it is away the rings fill, and what finds no room is counted as lost.
"""

from __future__ import annotations

import gc
import socket
import sys
import time
from pathlib import Path

from hythe.monitor.windows.statistic import declared
from hythe.operations.differences import tidy_differences
from hythe.operations.feedback.match import Keeping, match, tidy_feedback
from hythe.operations.roll_up import RollUp
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.counters import Counters
from hythe.runtime.ring import Ring
from hythe.runtime.server_metrics import FEEDBACK_ORPHANS
from hythe.runtime.slot import READY
from hythe.server.ending import Ending
from hythe.server.observing.followed import follow_nothing
from hythe.server.observing.handover import Handover
from hythe.server.observing.hurry import Hurry
from hythe.server.observing.intake import Intake
from hythe.server.observing.log_file import LogFile
from hythe.server.observing.losses import Losses
from hythe.server.observing.metering import make_pump
from hythe.server.observing.outbox import Outbox
from hythe.server.observing.sidecar import Sidecar
from hythe.server.observing.spool import FOLDER, Spool, abandoned
from hythe.server.observing.tracer import Tracer, make_tracer
from hythe.server.observing.versions import Versions
from hythe.server.worker_spec import WorkerSpec

_BUSY_TIMEOUT_S = 2.0
_SWEEP_S = 10.0
_MATCH_S = 0.1
_TIDY_S = 0.2
"""So long feedback is joined, and windows are merged, before the rings are looked at again."""


def main(place: int, talk: int, spec: int) -> int:
    """Work until the parent says stop, or is gone; gives the exit status."""
    told = WorkerSpec.read(spec)
    parent = socket.socket(fileno=talk)
    ending = Ending(parent)
    versions = Versions(Bulletin(told.descriptors.bulletin), place)
    sidecar = assembled(told, place, versions)
    gc.freeze()
    gc.disable()  # thousands of records would else be looked through again and again, and none is a cycle
    swept_s = time.monotonic()
    parent.sendall(f"{READY}\n".encode())
    pump = make_pump(told.metering, Counters(told.descriptors.counters, place))
    pause_s = 0.0
    while not ending.waited(pause_s):
        versions.refresh()
        pause_s = sidecar.step()
        if time.monotonic() > swept_s + _SWEEP_S:
            gc.collect()
            swept_s = time.monotonic()
    sidecar.finish()
    if pump is not None:
        pump.close()
    return 0


def assembled(spec: WorkerSpec, place: int, versions: Versions) -> Sidecar:
    """Put a sidecar together; without a catalog it only logs and traces."""
    counters = Counters(spec.descriptors.counters, place)
    rings = [Ring(descriptor) for descriptor in spec.descriptors.rings]
    stores = spec.source is not None
    losses = Losses(counters)
    intake = Intake(
        rings,
        versions,
        declared() if stores else (),
        losses,
        log=LogFile(spec.access_log),
        join_share=spec.join_share if stores else 0.0,
        classes=versions.classes,
        find_cells=versions.cells,
        follow=versions.followed if stores else follow_nothing,
        tracer=_tracer(spec, losses),
        handover=_handover(spec, losses),
    )
    if spec.source is None:
        return Sidecar(intake, None, counters)
    catalog = Catalog(Database(spec.source.catalog, _BUSY_TIMEOUT_S, makes=False, keeps=True))
    folder, server = Path(spec.source.home) / FOLDER, rings[0].id
    outbox = Outbox(catalog.observations, Spool(folder, server), server)

    roll_up = RollUp(catalog.observations)
    hurry = Hurry(lambda: versions.moving, catalog.monitors)

    def look_after(now: int) -> bool:
        hurry.look()
        outbox.adopt(abandoned(folder, but=server))
        tidy_differences(catalog, now * 10**9)
        for endpoint, rows in tidy_feedback(catalog, now * 10**9, Keeping()).items():
            counters.counter(FEEDBACK_ORPHANS.name, endpoint=endpoint).add(rows)
        return roll_up.turn(now, _TIDY_S)

    return Sidecar(
        intake,
        outbox,
        counters,
        match=lambda: match(catalog, _MATCH_S).more,
        tidy=look_after,
        hurry=hurry,
    )


def _handover(spec: WorkerSpec, losses: Losses) -> Handover | None:
    log, ring = spec.prediction_log, spec.descriptors.predictions
    return None if log is None or ring is None else Handover(Ring(ring), log.share, losses)


def _tracer(spec: WorkerSpec, losses: Losses) -> Tracer | None:
    if spec.tracing is None:
        return None
    scheme = "http" if spec.tls is None else "https"
    return make_tracer(spec.tracing.endpoint, spec.tracing.share, losses, scheme=scheme)


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
