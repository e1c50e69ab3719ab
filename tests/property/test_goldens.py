"""Laws of goldens and manifests: what is written comes back, and has one spelling."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hythe.bundle.goldens import Goldens
from hythe.bundle.manifest import Manifest, ModelFiles
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Schema

ROWS = 4
DTYPES = st.sampled_from(["float64", "float32", "int64", "uint8", "bool"])
ARRAYS = DTYPES.flatmap(
    lambda dtype: hnp.arrays(
        dtype, st.tuples(st.just(ROWS), *[st.integers(1, 3)]) | st.just((ROWS,)) | st.just((ROWS, 2, 2))
    )
)
TEXTS = st.lists(st.text(max_size=4), min_size=ROWS, max_size=ROWS).map(lambda v: np.array(v, dtype=object))
REFUSED = hnp.arrays(np.bool_, ROWS)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(ARRAYS | TEXTS, ARRAYS, REFUSED)
@settings(max_examples=100, deadline=None)
def test_answers_and_tensors_come_back_bit_by_bit(answer: Any, tensor: Any, refused: Any) -> None:
    goldens = Goldens({"x": tensor}, Outcome({"y": answer}, refused), ("ordinary",) * ROWS)
    raw = goldens.encode()
    back = Goldens.decode(raw)
    assert isinstance(back.rows, dict)
    assert back.rows["x"].tobytes() == tensor.tobytes()
    assert back.rows["x"].dtype == tensor.dtype
    kept = ~refused
    assert back.outcome.answers["y"].dtype == answer.dtype
    if answer.dtype.kind == "O":
        assert back.outcome.answers["y"][kept].tolist() == answer[kept].tolist()
    else:
        assert back.outcome.answers["y"][kept].tobytes() == answer[kept].tobytes()
    assert back.outcome.refused.tolist() == refused.tolist()
    assert back.encode() == raw


@given(
    st.lists(st.none() | st.floats(), min_size=ROWS, max_size=ROWS),
    st.lists(st.none() | st.text(max_size=3), min_size=ROWS, max_size=ROWS),
)
@settings(max_examples=100, deadline=None)
def test_columns_come_back_and_the_bytes_have_one_spelling(numbers: Any, texts: Any) -> None:
    rows = pa.table({"n": pa.array(numbers, pa.float64()), "t": pa.array(texts, pa.string())})
    outcome = Outcome.answered({"value": np.zeros(ROWS)})
    raw = Goldens(rows, outcome, ("ordinary",) * ROWS).encode()
    back = Goldens.decode(raw)
    assert isinstance(back.rows, pa.Table)
    assert back.rows.schema == rows.schema
    assert back.rows["t"].equals(rows["t"])
    assert str(back.rows["n"].to_pylist()) == str(rows["n"].to_pylist())
    assert back.encode() == raw


@given(st.dictionaries(st.text(min_size=1), JSON, max_size=4))
@settings(max_examples=100, deadline=None)
def test_unknown_fields_of_a_manifest_come_through(extra: dict[str, Any]) -> None:
    known = json.loads(Manifest(flavor=ModelFiles("onnx", "onnx"), schema=Schema(())).encode())
    typed = {*Manifest.__struct_fields__, "format"}
    document = {**{key: value for key, value in extra.items() if key not in typed}, **known}
    written = Manifest.decode(json.dumps(document).encode()).encode()
    assert json.loads(written) == document
    assert Manifest.decode(written).encode() == written
