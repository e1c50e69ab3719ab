"""A proven variant in this process."""

import asyncio
import threading
from typing import Any, cast

import numpy as np

from hythe.bundle.outcome import Outcome
from hythe.runtime.onnx import OnnxModel
from hythe.runtime.session import OnnxSession


class Meeting:
    """A model whose calls end only when as many are inside it as are waited for."""

    def __init__(self, calls: int) -> None:
        self._inside = threading.Barrier(calls)

    def run(self, fed: Any) -> Outcome:
        self._inside.wait(timeout=30)
        return Outcome.answered({"value": fed["x"]})


async def test_as_many_calls_run_at_once_as_there_are_instances() -> None:
    session = OnnxSession(lambda: cast("OnnxModel", Meeting(3)), instances=3)
    await session.start()
    assert session.concurrency == 3
    answers = await asyncio.gather(*(session.run({"x": np.array([float(i)])}) for i in range(3)))
    assert [answer.answers["value"].tolist() for answer in answers] == [[0.0], [1.0], [2.0]]
    await session.close()
