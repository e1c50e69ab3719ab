"""Hold a lowering against its original, in the few lines that a test of a lowering needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from hythe.bundle.frames import to_rows
from hythe.bundle.infer import infer
from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import count, take
from hythe.bundle.schema import Schema
from hythe.compile.compiler import compile_model
from hythe.flavors.find import flavor_of
from hythe.runtime.onnx import OnnxModel


@dataclass(frozen=True, slots=True)
class Pair:
    """A model and its lowering, both answering the same rows."""

    model: Any
    lowered: OnnxModel
    schema: Schema

    def original_answers(self, examples: Any) -> dict[str, Any]:
        """Answer with the original; raises what the original raises."""
        return dict(flavor_of(self.model).predict(self.model, to_rows(examples), self.schema))

    def lowered_outcome(self, examples: Any) -> Outcome:
        """Answer with the lowered graph."""
        return self.lowered.predict(to_rows(examples))


def lower(model: Any, examples: Any) -> Pair:
    """Compile `model` for inputs such as `examples`.

    Raises:
        CannotLower: when there is no exact lowering.

    """
    rows = to_rows(examples)
    schema = infer(examples)
    flavor = flavor_of(model)
    outputs = flavor.outputs(model, flavor.predict(model, rows, schema))
    schema = msgspec.structs.replace(schema, outputs=tuple(outputs))
    compiled = compile_model(model, schema)
    return Pair(model, OnnxModel(compiled.graph, compiled.variant), schema)


def assert_same(pair: Pair, examples: Any, *, relative: float = 1e-6, absolute: float = 1e-9) -> None:
    """Assert that both answer `examples` alike: labels equal, numbers |a - b| ≤ absolute + relative·|a|."""
    expected = pair.original_answers(examples)
    outcome = pair.lowered_outcome(examples)
    assert not outcome.refused.any(), f"refused rows {np.flatnonzero(outcome.refused).tolist()}"
    for name, wanted in expected.items():
        got = outcome.answers[name]
        if np.asarray(wanted).dtype.kind == "f":
            np.testing.assert_allclose(got, wanted, rtol=relative, atol=absolute, err_msg=name)
        else:
            np.testing.assert_array_equal(got, wanted, err_msg=name)


def assert_alike(pair: Pair, examples: Any, *, relative: float = 1e-6, absolute: float = 1e-9) -> None:
    """Assert that both answer, or refuse, each row alike: the lowering in a batch and alone."""
    rows = to_rows(examples)
    together = pair.lowered.predict(rows)
    flavor = flavor_of(pair.model)
    for index in range(count(rows)):
        one = take(rows, [index])
        try:
            wanted = flavor.predict(pair.model, one, pair.schema)
        except Exception:  # noqa: BLE001 - whatever it raises is its refusal
            wanted = {}
        for outcome, position in ((together, index), (pair.lowered.predict(one), 0)):
            assert outcome.refused[position] == (not wanted), f"row {index}: the original answers {wanted}"
            for name, answer in wanted.items():
                got, cell = outcome.answers[name][position], np.asarray(answer)[0]
                if cell.dtype.kind == "f":
                    np.testing.assert_allclose(
                        got, cell, rtol=relative, atol=absolute, err_msg=f"{name} of row {index}"
                    )
                else:
                    np.testing.assert_array_equal(got, cell, err_msg=f"{name} of row {index}")


def assert_lowers(model: Any, rows: Any, *, relative: float = 1e-6, absolute: float = 1e-9) -> Pair:
    """Assert that a model of numbers lowers and holds on `rows`, in a batch and alone, and on odd rows too.

    Odd are zeros, rows far out, and NaN or infinity in one column; `rows` is float64 [rows, columns].
    """
    pair = lower(model, rows)
    assert_same(pair, rows, relative=relative, absolute=absolute)
    odd = [np.zeros(rows.shape[1]), rows[0] * 1000.0, rows[1] * -1000.0]
    for position, value in enumerate((np.nan, np.inf, -np.inf)):
        odd.append(rows[2].copy())
        odd[-1][position % rows.shape[1]] = value
    assert_alike(pair, np.vstack([rows[:2], odd]), relative=relative, absolute=absolute)
    return pair


def assert_both_refuse(pair: Pair, examples: Any) -> None:
    """Assert that the original raises on the one row of `examples`, and the lowering refuses it."""
    refused = pair.lowered_outcome(examples).refused
    try:
        pair.original_answers(examples)
    except Exception:  # noqa: BLE001 - whatever it raises is its refusal
        assert refused.all(), "the original refuses, the lowering answers"
        return
    raise AssertionError("the original answers; this row is no refusal")
