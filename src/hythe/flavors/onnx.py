"""ONNX models: a ModelProto, its bytes, or a file; they need no trust, because they hold no program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from hythe.base.errors import Corrupt, Invalid, Unsupported
from hythe.bundle.frames import to_native
from hythe.bundle.outcome import Answers
from hythe.bundle.rows import Array, Rows, count
from hythe.bundle.schema import Output, Schema
from hythe.bundle.weights import GRAPH, joined, split
from hythe.flavors.answers import normalised, outputs_of
from hythe.flavors.protocol import Saved

_FOLDER = "model"
_SESSIONS = 8
_DTYPES: Mapping[str, Any] = {
    "tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16,
    "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(int16)": np.int16, "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8, "tensor(bool)": np.bool_, "tensor(string)": np.object_,
}  # fmt: skip


class OnnxFlavor:
    """Graphs of ONNX, run by ONNX Runtime on one thread."""

    name = "onnx"

    def owns(self, model: object) -> bool:
        """Tell a ModelProto, or the bytes of one (which begin with the field of its version)."""
        kind = type(model)
        if kind.__module__.partition(".")[0] == "onnx" and kind.__name__ == "ModelProto":
            return True
        return isinstance(model, bytes) and model.startswith(b"\x08")

    def reads(self, path: Path) -> bool:
        """Tell by the ending."""
        return path.suffix.lower() == ".onnx"

    def runs(self, path: Path) -> bool:
        """Say no: a graph holds operators and numbers."""
        del path
        return False

    def read(self, path: Path) -> object:
        """Load a file, with the tensors that lie in files beside it."""
        import onnx

        try:
            model = onnx.load(str(path))
        except Exception as err:  # protobuf's DecodeError is not among onnx's public names
            raise Invalid(f"{path.name} is no ONNX model: {err}") from err
        return _bytes(model)

    def save(self, model: Any) -> Saved:
        """Write the graph as it is; weights that are large go into a file of their own.

        Raises:
            Unsupported: when its tensors lie in files that are not loaded.

        """
        data = _bytes(model)
        if _has_external_data(data):
            raise Unsupported(
                "the ONNX model keeps tensors in other files; give the path of its file instead"
            )
        files = {f"{_FOLDER}/{name}": part for name, part in split(data).items()}
        return Saved("onnx", files, program=False, requirements=("onnxruntime",))

    def load(self, folder: Path, format: str) -> Any:  # noqa: A002 - the word of the manifest
        """Read back what `save` wrote, as bytes."""
        del format
        data = joined(folder / _FOLDER)
        try:
            _session(data)
        except Invalid as err:
            raise Corrupt(
                f"{_FOLDER}/{GRAPH} cannot be loaded: {err}; fetch or pack this version again"
            ) from err
        return data

    def expected_columns(self, model: Any) -> tuple[str, ...] | None:
        """Give the inputs' names when each is one column."""
        inputs = _session(_bytes(model)).get_inputs()
        columns = all(len(item.shape) == 2 and item.shape[1] == 1 for item in inputs)  # noqa: PLR2004 - a matrix
        return tuple(item.name for item in inputs) if columns and len(inputs) > 1 else None

    def predict(self, model: Any, rows: Rows, schema: Schema) -> Answers:
        """Run the graph: tensors by name, columns by name as [rows, 1], or all columns as its only input."""
        session = _session(_bytes(model))
        native = to_native(rows, schema)
        results = session.run(None, dict(_feeds(session.get_inputs(), native)))
        named = {item.name: _unmapped(r) for item, r in zip(session.get_outputs(), results, strict=True)}
        return normalised(named, count(rows))

    def outputs(self, model: Any, answers: Answers) -> tuple[Output, ...]:
        """Describe the outputs under the graph's own names."""
        del model
        return outputs_of(answers)


def _bytes(model: Any) -> bytes:
    return model if isinstance(model, bytes) else bytes(model.SerializeToString(deterministic=True))


@lru_cache(maxsize=_SESSIONS)
def _session(data: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as err:  # ONNX Runtime's exceptions are not public names
        raise Invalid(f"ONNX Runtime does not take the model: {err}") from err


def _has_external_data(data: bytes) -> bool:
    import onnx
    from onnx.external_data_helper import uses_external_data

    model = onnx.load_from_string(data)
    return any(uses_external_data(tensor) for tensor in model.graph.initializer)


def _feeds(inputs: Sequence[Any], native: Any) -> Iterator[tuple[str, Array]]:
    """Pair the graph's inputs with arrays of their dtypes."""
    for item in inputs:
        dtype = _DTYPES.get(item.type)
        if dtype is None:
            raise Unsupported(f"the input {item.name!r} takes {item.type}, which rows cannot give")
        yield item.name, np.ascontiguousarray(_values(item.name, native, len(inputs)), dtype=dtype)


def _values(name: str, native: Any, inputs: int) -> Array:
    if isinstance(native, Mapping):
        return np.asarray(native[name])
    if inputs == 1 and not (hasattr(native, "columns") and list(native.columns) == [name]):
        return np.asarray(native)
    return np.asarray(native[name]).reshape(-1, 1)


def _unmapped(result: Any) -> Any:
    """Make a matrix of what classifiers give as one mapping from class to probability for each row."""
    if isinstance(result, list) and result and isinstance(result[0], Mapping):
        return np.array([list(item.values()) for item in result])
    return result


FLAVOR = OnnxFlavor()
