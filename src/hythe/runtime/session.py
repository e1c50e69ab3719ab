"""What answers batches inside a server: a proven graph in this process, or a native model in a child."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from hythe.base.errors import Busy, Invalid
from hythe.bundle.outcome import Outcome
from hythe.runtime.batch import Batch
from hythe.runtime.onnx import OnnxModel


class Session(Protocol):
    """One executable form of one version, ready to answer.

    A batch is first fed (turned into what the model takes), then run.
    """

    @property
    def ready(self) -> bool:
        """Whether a batch would be answered now."""
        ...

    @property
    def inline(self) -> bool:
        """Whether `run_now` may be called on the event loop; else only `run`."""
        ...

    @property
    def splits(self) -> bool:
        """Whether rows are independent, as a proof says, so that a large batch may be run in parts."""
        ...

    @property
    def concurrency(self) -> int:
        """How many calls of `run` go on at once."""
        ...

    async def start(self) -> None:
        """Load the model; raises Corrupt or Unavailable."""
        ...

    def feed(self, batch: Batch) -> Any:
        """Turn a batch into what `run` takes."""
        ...

    def run_now(self, fed: Any) -> Outcome:
        """Answer in this thread."""
        ...

    async def run(self, fed: Any, deadline_s: float = math.inf) -> Outcome:
        """Answer beside the event loop; after `deadline_s` (monotonic) nobody wants the answer any more.

        Raises:
            Invalid: where the model refuses the batch as a whole.
            Busy, Unavailable: when there is no answer now.

        """
        ...

    async def close(self) -> None:
        """Give everything back."""
        ...


def run_onnx(model: OnnxModel, batch: Batch) -> Outcome:
    """Answer row objects, a table or tensors."""
    return model.run(model.feed(batch))


def refusal(row: int, said: str = "") -> Invalid:
    """Say that the model refuses the row at this position, and what it says, if it says anything."""
    words = said or "as the original does; look for infinite or missing values"
    return Invalid(f"rows[{row}]: the model refuses it{':' if said else ','} {words}")


class OnnxSession:
    """A proven variant in this process; `instances` long calls may run at once, each in a thread."""

    inline = True
    splits = True

    def __init__(self, load: Callable[[], OnnxModel], *, instances: int = 1) -> None:
        self._load = load
        self._model: OnnxModel | None = None
        self.concurrency = instances
        self._threads = ThreadPoolExecutor(instances, thread_name_prefix="onnx")

    @property
    def ready(self) -> bool:
        """Whether the graph is loaded."""
        return self._model is not None

    async def start(self) -> None:
        """Load the graph away from the loop."""
        self._model = await asyncio.get_running_loop().run_in_executor(self._threads, self._load)

    def feed(self, batch: Batch) -> Any:
        """Build the graph's input tensors."""
        return self._loaded().feed(batch)

    def run_now(self, fed: Any) -> Outcome:
        """Run the graph in this thread."""
        return self._loaded().run(fed)

    async def run(self, fed: Any, deadline_s: float = math.inf) -> Outcome:
        """Run the graph in a thread of its own; a run that began is not broken off."""
        del deadline_s
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._loaded().run, fed)

    async def close(self) -> None:
        """Drop the graph after the last run."""
        self._model = None
        self._threads.shutdown(wait=False)

    def _loaded(self) -> OnnxModel:
        if self._model is None:
            raise Busy("the model is being loaded; try again in a moment")
        return self._model
