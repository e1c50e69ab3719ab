"""A version in this process for the Python API and for batches: rows in, labelled answers out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from hythe.base.errors import Invalid
from hythe.bundle.outcome import Answers, Outcome
from hythe.bundle.rows import Rows
from hythe.bundle.schema import Schema
from hythe.bundle.variant import Variant
from hythe.runtime.answers import Labeller
from hythe.runtime.batch import Batch, RowReader, reader
from hythe.runtime.onnx import OnnxModel
from hythe.runtime.session import refusal, run_onnx
from hythe.runtime.session_config import SessionConfig

if TYPE_CHECKING:
    from hythe.runtime.native.wire import Load


class Predictor:
    """Answers one dictionary, a list of them, or a table; made by `onnx_predictor` or `native_predictor`.

    Use it in a `with` block, or call `close`, so that a child process ends when it should. `notice` is what
    people should know of where it runs, "" for nothing.
    """

    def __init__(
        self,
        schema: Schema,
        rows: RowReader,
        run: Callable[[Batch], Outcome],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.schema = schema
        self._reader = rows
        self._run = run
        self._close = close
        self._label = Labeller(schema.outputs)
        self.notice = ""

    def predict(self, data: Any) -> Any:
        """Answer `data`: a dictionary is one row and gets one answer, a list of them a list of answers.

        A table (pandas, polars, Arrow, numpy, a dictionary of lists) gets a dictionary of arrays, one for
        each output, the first axis the row.

        Raises:
            Invalid: naming what is wrong with a value, or the first row that the model refuses.
            Unavailable: when a native model's process died.

        """
        if type(data) is dict or isinstance(data, Mapping):  # the first is the common case, and cheap
            return self._predict_mapping(data)
        if isinstance(data, list) and data and isinstance(data[0], Mapping):
            return self._label(_unrefused(self._run(self._reader.convert_all(data))))
        return self._predict_table(data)

    def _predict_mapping(self, data: Mapping[str, Any]) -> Any:
        if self.schema.tensors and self._is_table(data):
            return self._predict_table(data)
        try:
            row = self._reader.convert_one(data)
        except Invalid:
            if self.schema.tensors or not self._is_table(data):
                raise
            return self._predict_table(data)
        return self._label(_unrefused(self._run(row)))[0]

    def _predict_table(self, data: Any) -> dict[str, Any]:
        from hythe.bundle.frames import to_rows

        return dict(_unrefused(self.outcome(to_rows(data))))

    def outcome(self, rows: Rows) -> Outcome:
        """Answer rows of any number; refused rows are marked, where the model can answer the others."""
        from hythe.bundle.conform import conform

        return self._run(conform(rows, self.schema))

    def stored(self, rows: Rows) -> Outcome:
        """Answer rows that have the schema's own types, such as goldens; nothing is checked or cast."""
        return self._run(rows)

    def close(self) -> None:
        """End the model's process, where it has one."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _is_table(self, data: Mapping[str, Any]) -> bool:
        """Tell a dictionary of columns, or of tensors with a row axis, from one row."""
        if not self.schema.tensors:
            return any(isinstance(values, list | tuple | np.ndarray) for values in data.values())
        return any(t.name in data and np.ndim(data[t.name]) == len(t.shape) + 1 for t in self.schema.tensors)


def onnx_predictor(
    graph: bytes | Path, variant: Variant, schema: Schema, *, threads: int = 1, device: str = "cpu"
) -> Predictor:
    """Load a proven variant into this process; raises Corrupt when it cannot be loaded."""
    rows = reader(schema)
    model = OnnxModel(graph, variant, fields=rows.fields, threads=threads, device=device)
    return Predictor(schema, rows, lambda batch: run_onnx(model, batch))


def native_predictor(
    load: Load, *, config: SessionConfig | None = None, clean: Callable[[], None] = lambda: None
) -> Predictor:
    """Load a native model, whose files are unpacked, into a child process; it starts with the first call.

    `clean` is called once the child has ended, to take its files away.
    """
    from hythe.runtime.native.child import Child

    schema = load.schema
    rows = reader(schema)
    child = Child(load, config)

    def run(batch: Batch) -> Outcome:
        return child.predict(rows.rows(batch) if isinstance(batch, list) else batch)

    def close() -> None:
        child.close()
        clean()

    return Predictor(schema, rows, run, close)


def _unrefused(outcome: Outcome) -> Answers:
    if outcome.refused.any():
        row = int(np.argmax(outcome.refused))
        raise refusal(row, outcome.reasons.get(row, ""))
    return outcome.answers
