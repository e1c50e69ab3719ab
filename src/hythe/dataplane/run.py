"""One batch through one version; a row that the model refuses refuses the request."""

from __future__ import annotations

import time

import numpy as np

from hythe.bundle.outcome import Answers
from hythe.dataplane.observe import Meter
from hythe.runtime.batch import Batch
from hythe.runtime.session import Session, refusal


async def run(session: Session, batch: Batch, rows: int, meter: Meter, version: str) -> Answers:
    """Answer a batch of `rows` rows and count the call.

    Raises:
        Invalid: naming the first row that the model refuses.
        Busy, Unavailable: when the session cannot answer now.

    """
    start = time.perf_counter()
    outcome = await session.predict(batch)
    meter.ran(version, rows, time.perf_counter() - start)
    if outcome.refused.any():
        raise refusal(int(np.argmax(outcome.refused)))
    return outcome.answers
