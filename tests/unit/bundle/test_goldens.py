from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hythe.base.errors import Corrupt, Invalid
from hythe.bundle.goldens import Goldens
from hythe.bundle.outcome import Outcome
from hythe.bundle.rows import Rows

NAN_WITH_PAYLOAD = np.array([0x7FF800000000BEEF], dtype=np.uint64).view(np.float64)[0]


def table() -> pa.Table:
    return pa.table(
        {
            "f": pa.array(np.array([NAN_WITH_PAYLOAD, -0.0, np.inf]), from_pandas=False),
            "n": pa.array([1, None, 3]),
            "s": pa.array(["a", None, ""]),
            "b": pa.array([True, None, False]),
            "t": pa.array([0, None, 5], pa.timestamp("us", "UTC")),
        }
    )


def goldens(rows: Rows | None = None, **answers: Any) -> Goldens:
    given = {"value": np.array([1.5, np.nan, -np.inf]), **answers}
    outcome = Outcome(given, np.array([False, True, False]))
    return Goldens(table() if rows is None else rows, outcome, ("ordinary", "missing", "extreme"))


def test_rows_outcomes_and_kinds_come_back() -> None:
    back = Goldens.decode(goldens().encode())
    assert isinstance(back.rows, pa.Table)
    assert back.rows.schema == table().schema
    assert back.rows.slice(1).equals(table().slice(1))
    assert back.outcome.refused.tolist() == [False, True, False]
    assert back.kinds == ("ordinary", "missing", "extreme")


def test_nan_infinities_and_negative_zero_are_kept_bit_by_bit() -> None:
    back = Goldens.decode(goldens().encode())
    assert isinstance(back.rows, pa.Table)
    assert back.rows["f"].to_numpy().tobytes() == table()["f"].to_numpy().tobytes()
    assert back.outcome.answers["value"][2] == -np.inf


@pytest.mark.parametrize(
    "answer",
    [
        np.array([1, 2, 3], dtype=np.int64),
        np.array([1, 2, 3], dtype=np.float32),
        np.array([1, 2, 3], dtype=np.float16),
        np.array([True, False, True]),
        np.arange(6, dtype=np.float64).reshape(3, 2),
        np.arange(24, dtype=np.uint8).reshape(3, 2, 4),
        np.array(["yes", "no", "no"]),
        np.array(["yes", "no", "no"], dtype=object),
        np.array([["a", "b"], ["c", "dd"], ["e", "f"]]),
        np.array([["a", 1], ["c", None], [True, 2.5]], dtype=object),
        np.array([1, None, "x"], dtype=object),
        np.zeros((3, 0)),
    ],
    ids=lambda a: f"{a.dtype}{a.shape}",
)
def test_answers_of_every_dtype_and_shape_come_back(answer: Any) -> None:
    back = Goldens.decode(goldens(answer=answer).encode()).outcome.answers["answer"]
    assert back.dtype.kind == answer.dtype.kind
    assert back.shape == answer.shape
    np.testing.assert_array_equal(back[[0, 2]], answer[[0, 2]])


def test_ragged_answers_and_ragged_tensors_come_back() -> None:
    ragged = np.empty(3, dtype=object)
    ragged[:] = [np.array([1, 2]), np.array([3]), np.zeros(0, dtype=np.int64)]
    back = Goldens.decode(goldens({"ids": ragged}, spans=ragged).encode())
    assert isinstance(back.rows, dict)
    assert [cell.tolist() for cell in back.rows["ids"]] == [[1, 2], [3], []]
    assert back.rows["ids"][0].dtype == np.int64
    assert back.outcome.answers["spans"][0].tolist() == [1, 2]


def test_tensors_come_back_with_dtype_and_shape() -> None:
    pixels = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    back = Goldens.decode(goldens({"pixels": pixels, "name": np.array(["a", "b", "c"])}).encode())
    assert isinstance(back.rows, dict)
    assert back.rows["pixels"].dtype == np.float32
    np.testing.assert_array_equal(back.rows["pixels"], pixels)
    assert back.rows["name"].tolist() == ["a", "b", "c"]


def test_what_lies_under_refusals_nulls_and_slices_does_not_change_the_bytes() -> None:
    plain = goldens()
    other = plain.outcome.answers["value"].copy()
    other[1] = 42.0
    assert goldens(value=other).encode() == plain.encode()
    hidden = pa.array(np.array([1, 99, 3]), mask=np.array([False, True, False]))
    assert goldens(table().set_column(1, "n", hidden)).encode() == plain.encode()
    assert goldens(pa.concat_tables([table(), table()]).slice(3)).encode() == plain.encode()


def test_another_process_with_another_hash_seed_writes_the_same_bytes() -> None:
    program = (
        "import hashlib, numpy as np, pyarrow as pa\n"
        "from hythe.bundle.goldens import Goldens\n"
        "from hythe.bundle.outcome import Outcome\n"
        "rows = pa.table({'s': ['a', None], 'x': [1.5, 2.5]})\n"
        "answers = {'label': np.array(['b', 'a']), 'probabilities': np.eye(2)}\n"
        "raw = Goldens(rows, Outcome.answered(answers), ('ordinary', 'missing')).encode()\n"
        "print(hashlib.sha256(raw).hexdigest())\n"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]


def test_any_arrow_reader_shows_the_file() -> None:
    shown = pa.ipc.open_file(pa.BufferReader(goldens(p=np.eye(3)).encode())).read_all()
    assert shown.column_names == [
        "kind", "refused", "in:f", "in:n", "in:s", "in:b", "in:t", "out:value", "out:p",
    ]  # fmt: skip
    assert shown["out:p"].to_pylist()[0] == [1.0, 0.0, 0.0]


def test_more_rows_than_goldens_may_have_are_refused() -> None:
    rows = pa.table({"x": np.zeros(513)})
    outcome = Outcome.answered({"value": np.zeros(513)})
    with pytest.raises(Invalid, match="goldens have 513 rows; keep the 512"):
        Goldens(rows, outcome, ("ordinary",) * 513)


def test_lengths_that_disagree_are_refused() -> None:
    with pytest.raises(Invalid, match="goldens have 3 rows"):
        Goldens(table(), Outcome.answered({"value": np.zeros(2)}), ("ordinary",) * 3)


def test_an_answer_of_foreign_objects_is_refused() -> None:
    with pytest.raises(Invalid, match="'answer' holds object, which cannot be stored"):
        goldens(answer=np.array([object(), None, None], dtype=object)).encode()


def test_cut_and_foreign_bytes_are_corrupt() -> None:
    raw = goldens().encode()
    for broken in (b"", b"no arrow", raw[: len(raw) // 2], raw[:-20]):
        with pytest.raises(Corrupt, match="goldens"):
            Goldens.decode(broken)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, pa.schema([("x", pa.int64())])):
        pass
    with pytest.raises(Corrupt, match="the goldens cannot be read"):
        Goldens.decode(sink.getvalue().to_pybytes())
