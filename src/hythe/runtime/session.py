"""What answers batches inside a server: a proven graph in this process, or a native model in a child.

A session is asynchronous: it never holds the event loop for longer than about a millisecond.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from hythe.base.errors import Busy, Invalid
from hythe.bundle.outcome import Outcome
from hythe.runtime.batch import Batch, size
from hythe.runtime.onnx import OnnxModel

LOOP_S = 0.001
"""A call that is expected to take longer than this leaves the event loop."""


class Session(Protocol):
    """One executable form of one version, ready to answer."""

    @property
    def ready(self) -> bool:
        """Whether a batch would be answered now."""
        ...

    async def start(self) -> None:
        """Load the model; raises Corrupt or Unavailable."""
        ...

    async def predict(self, batch: Batch) -> Outcome:
        """Answer a batch; raises Invalid where the model refuses, Busy or Unavailable when it cannot now."""
        ...

    async def close(self) -> None:
        """Give everything back."""
        ...


def run_onnx(model: OnnxModel, batch: Batch) -> Outcome:
    """Answer row objects, a table or tensors."""
    return model.predict_objects(batch) if isinstance(batch, list) else model.predict(batch)


def refusal(row: int) -> Invalid:
    """Say that the model refuses the row at this position."""
    return Invalid(
        f"rows[{row}]: the model refuses it, as the original does; look for infinite or missing values"
    )


class OnnxSession:
    """A proven variant in this process; short runs happen on the loop, long ones in a thread."""

    def __init__(self, load: Callable[[], OnnxModel]) -> None:
        self._load = load
        self._model: OnnxModel | None = None
        self._row_s = 0.0
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="onnx")

    @property
    def ready(self) -> bool:
        """Whether the graph is loaded."""
        return self._model is not None

    async def start(self) -> None:
        """Load the graph away from the loop."""
        self._model = await asyncio.get_running_loop().run_in_executor(self._threads, self._load)

    async def predict(self, batch: Batch) -> Outcome:
        """Answer a batch; what a row costs is learned from the runs before."""
        model = self._model
        if model is None:
            raise Busy("the model is being loaded; try again in a moment")
        rows = size(batch)
        if rows * self._row_s < LOOP_S:
            return self._timed(model, batch, rows)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._timed, model, batch, rows)

    async def close(self) -> None:
        """Drop the graph after the last run."""
        self._model = None
        self._threads.shutdown(wait=False)

    def _timed(self, model: OnnxModel, batch: Batch, rows: int) -> Outcome:
        start = time.perf_counter()
        outcome = run_onnx(model, batch)
        cost = (time.perf_counter() - start) / max(rows, 1)
        # Rises slowly and falls fast, so that one interrupted run does not send cheap ones to the thread.
        self._row_s = min(cost, self._row_s * 1.25) if self._row_s else cost
        return outcome
