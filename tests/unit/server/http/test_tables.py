"""Arrow IPC and CSV: rows in, answers out, and what is refused."""

import struct
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hythe.base.errors import HytheError, Invalid, Malformed, TooLarge, Unsupported
from hythe.bundle.schema import Column, Output, Schema, Tensor
from hythe.dataplane.admit import Limits
from hythe.runtime.batch import reader
from hythe.server.http.arrow_rows import read_arrow, write_arrow
from hythe.server.http.csv_rows import read_csv, write_csv
from hythe.server.http.tables import ARROW_STREAM, CSV_TYPE, JSON_TYPE, answer_type

LIMITS = Limits(body_bytes=100_000, rows=1000)
SCHEMA = Schema(
    (
        Column("tenure", "int64", minimum=0, maximum=100),
        Column("charges", "float64", nullable=True),
        Column("contract", "string", nullable=True),
        Column("paid", "bool"),
    )
)
TABLE = pa.table(
    {
        "tenure": pa.array([4, 50], pa.int64()),
        "charges": pa.array([20.5, None], pa.float64()),
        "contract": pa.array(["monthly", None]),
        "paid": pa.array([True, False]),
    }
)
ROWS = TABLE.to_pylist()


def stream(table: pa.Table, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def file(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def arrow(body: bytes, schema: Schema = SCHEMA) -> Any:
    return read_arrow(body, reader(schema), LIMITS)


def as_rows(batch: Any, schema: Schema = SCHEMA) -> list[dict[str, Any]]:
    table: Any = reader(schema).rows(batch) if isinstance(batch, list) else batch
    return list(table.to_pylist())


def texts(text: str, schema: Schema = SCHEMA) -> list[dict[str, Any]]:
    return as_rows(read_csv(text.encode(), reader(schema), LIMITS), schema)


@pytest.mark.parametrize("codec", [None, "lz4", "zstd"])
def test_a_stream_is_read_compressed_or_not(codec: str | None) -> None:
    assert as_rows(arrow(stream(TABLE, compression=codec))) == ROWS


def test_a_file_is_read() -> None:
    assert as_rows(arrow(file(TABLE))) == ROWS


def test_a_frame_of_polars_is_read() -> None:
    import io

    import polars as pl

    sink = io.BytesIO()
    pl.DataFrame(ROWS).write_ipc(sink)
    assert as_rows(arrow(sink.getvalue())) == ROWS
    sink = io.BytesIO()
    pl.DataFrame(ROWS).write_ipc_stream(sink, compression="zstd")
    assert as_rows(arrow(sink.getvalue())) == ROWS


def test_types_that_hold_the_same_values_are_read() -> None:
    other = TABLE.set_column(0, "tenure", pa.array([4.0, 50.0])).set_column(
        2, "contract", TABLE["contract"].dictionary_encode()
    )
    assert as_rows(arrow(stream(other.select(["paid", "contract", "tenure", "charges"])))) == ROWS


def test_a_value_that_does_not_fit_is_named() -> None:
    wrong = TABLE.set_column(0, "tenure", pa.array([4, 500], pa.int64()))
    with pytest.raises(Invalid, match="column 'tenure', row 1: 500 does not fit"):
        arrow(stream(wrong))
    with pytest.raises(Invalid, match="column 'paid' is missing"):
        arrow(stream(TABLE.drop_columns(["paid"])))


@pytest.mark.parametrize("cut", [3, 100, 400])
def test_what_is_cut_off_is_malformed(cut: int) -> None:
    with pytest.raises(Malformed, match="cannot be read as Arrow data"):
        arrow(stream(TABLE)[:cut])


def test_bombs_are_too_large_before_they_are_unpacked() -> None:
    zeros = stream(pa.table({"charges": np.zeros(900)}), compression="zstd")
    told = struct.pack("<q", 7200)
    assert told in zeros
    with pytest.raises(TooLarge, match="become 1099511627776 bytes"):
        arrow(zeros.replace(told, struct.pack("<q", 2**40)))
    with pytest.raises(TooLarge, match="1000000000 rows"):
        arrow(stream(pa.table({"charges": pa.nulls(1_000_000_000)})))


def test_a_long_text_that_all_rows_share_is_too_large() -> None:
    long = "x" * 50_000
    shared = pa.DictionaryArray.from_arrays(pa.array([0] * 1000), pa.array([long]))
    with pytest.raises(TooLarge, match="become 50000000 bytes"):
        arrow(stream(pa.table({"contract": shared})))
    few = pa.DictionaryArray.from_arrays(pa.array([0, None]), pa.array([long]))
    with pytest.raises(Invalid, match="column 'tenure' is missing"):
        arrow(stream(pa.table({"contract": few})))


@pytest.mark.parametrize("write", [stream, file])
def test_damaged_arrow_data_never_end_the_process(write: Any) -> None:
    body = bytearray(write(TABLE))
    generator = np.random.default_rng(3)
    outcomes = set()
    for _ in range(400):
        damaged = bytearray(body)
        for place in generator.integers(0, len(body), 3):
            damaged[place] = generator.integers(0, 256)
        try:
            arrow(bytes(damaged))
            outcomes.add("read")
        except HytheError as err:
            outcomes.add(err.code)
    assert outcomes <= {"read", "malformed", "invalid", "too_large"}
    assert "malformed" in outcomes


PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3)
IMAGES = Schema((Tensor("image", "uint8", (2, 2, 3)),), container="tensors")


def nested(array: Any) -> pa.Array:
    column = pa.array(array.reshape(-1))
    for length in reversed(array.shape[1:]):
        column = pa.FixedSizeListArray.from_arrays(column, length)
    return column


@pytest.mark.parametrize(
    "column",
    [
        nested(PIXELS),
        nested(PIXELS.reshape(2, 12)),
        pa.array(PIXELS.reshape(2, 12).tolist(), pa.list_(pa.uint8())),
        pa.FixedShapeTensorArray.from_numpy_ndarray(PIXELS),
    ],
    ids=["nested", "flat", "lists", "tensor type"],
)
def test_images_come_as_lists(column: pa.Array) -> None:
    batch = arrow(stream(pa.table({"image": column})), IMAGES)
    assert batch["image"].tolist() == PIXELS.tolist()
    assert batch["image"].dtype == np.uint8


def test_a_slice_of_lists_keeps_its_own_rows() -> None:
    column = nested(np.concatenate([PIXELS, PIXELS + 24]))
    batch = arrow(stream(pa.table({"image": column}).slice(1, 2)), IMAGES)
    assert batch["image"].tolist() == np.concatenate([PIXELS[1:], PIXELS[:1] + 24]).tolist()


def test_lists_that_are_no_tensor_are_refused() -> None:
    for column, message in (
        (pa.array([[1, 2], [3]]), "lists of different lengths"),
        (pa.array([[1, 2], None]), "missing values"),
        (pa.array([{"a": 1}]), "holds struct"),
        (pa.array([None, None]), "missing values"),
        (nested(PIXELS.reshape(2, 3, 4)), r"image has the shape \[2, 3, 4\]"),
    ):
        with pytest.raises(Invalid, match=message):
            arrow(stream(pa.table({"image": column})), IMAGES)


def test_texts_and_embeddings_come_as_columns() -> None:
    schema = Schema((Tensor("text", "str", ()), Tensor("vector", "float32", (-1,))), container="tensors")
    table = pa.table({"text": ["a", "grüß"], "vector": pa.array([[1.0, 2.0], [3.0, 4.0]])})
    batch = arrow(stream(table), schema)
    assert batch["text"].tolist() == ["a", "grüß"]
    assert (batch["vector"].tolist(), batch["vector"].dtype) == ([[1, 2], [3, 4]], np.float32)


ANSWERS = {
    "label": np.array(["yes", "no"]),
    "probabilities": np.array([[0.25, 0.75], [1.0, np.nan]]),
    "vector": np.arange(6.0).reshape(2, 3),
    "mixed": np.array(["a", 3], dtype=object),
}
OUTPUTS = (
    Output("label", "str"),
    Output("probabilities", "float64", (2,), ("no", "yes")),
    Output("vector", "float64", (3,)),
    Output("mixed", "object"),
)


@pytest.mark.parametrize("as_file", [False, True])
def test_answers_are_written_as_arrow(as_file: bool) -> None:
    body = write_arrow(ANSWERS, OUTPUTS, {"hythe-version": "1.0.0"}, file=as_file)
    table = (pa.ipc.open_file if as_file else pa.ipc.open_stream)(body).read_all()
    assert table["label"].to_pylist() == ["yes", "no"]
    assert table["vector"].to_pylist() == [[0, 1, 2], [3, 4, 5]]
    assert table["mixed"].to_pylist() == ["a", "3"]
    assert table["probabilities"].to_pylist()[0] == [0.25, 0.75]
    assert np.isnan(table["probabilities"].to_pylist()[1][1])
    assert table.schema.field("probabilities").metadata == {b"classes": b'["no","yes"]'}
    assert table.schema.metadata == {b"hythe-version": b"1.0.0"}


def test_answers_are_written_as_csv() -> None:
    lines = write_csv(ANSWERS, OUTPUTS).decode().splitlines()
    assert lines == [
        '"label","probabilities.no","probabilities.yes","vector.0","vector.1","vector.2","mixed"',
        '"yes",0.25,0.75,0,1,2,"a"',
        '"no",1,nan,3,4,5,"3"',
    ]


def test_csv_is_read_by_the_schemas_types() -> None:
    assert texts("tenure,charges,contract,paid\n4,20.5,monthly,true\n50,,,false\n") == ROWS
    assert texts('\ufeffpaid,"contract",tenure\r\n1,"a\n""b""",7\r\n') == [
        {"tenure": 7, "charges": None, "contract": 'a\n"b"', "paid": True}
    ]


def test_without_names_the_columns_are_the_schemas() -> None:
    assert texts("4,20.5,monthly,true\n50,,,false\n") == ROWS


def test_an_empty_text_in_quotes_is_a_text() -> None:
    assert texts('tenure,contract,paid\n1,"",true')[0]["contract"] == ""
    assert texts("tenure,contract,paid\n1,NA,true")[0]["contract"] == "NA"


def test_an_integer_may_be_spelt_as_a_number() -> None:
    assert texts("tenure,charges,contract,paid\n4.0,20.5,monthly,TRUE\n5e1,,,0\n") == ROWS


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("tenure,paid\n4,true\nx,true", r'tenure\[1\] is "x"; expected an integer from 0 to 100'),
        ("tenure,paid\n4,true\n4.5,true", r"tenure\[1\] is 4.5; expected an integer"),
        ("tenure,paid\n4,maybe", r'paid\[0\] is "maybe"; expected true or false'),
        ("tenure,paid\n400,true", "column 'tenure', row 0: 400 does not fit"),
        ("tenure,paid\n1_0,true", r'tenure\[0\] is "1_0"'),
        ("tenure,paid\n,true", "column 'tenure', row 0: the value is missing"),
        ("tenure,paid,other\n1,true,2", "column 'other' is not one that the model takes"),
        ("tenure,tenure,paid\n1,1,true", "column 'tenure' appears more than once"),
        ("tenure\n1", "column 'paid' is missing"),
    ],
)
def test_a_wrong_cell_is_named(body: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        texts(body)


@pytest.mark.parametrize(
    "body", [b"tenure,paid\n1\n", b"tenure,paid\n\xff\xfe,true", b"\xff\xfe\x00", b"1,2\n"]
)
def test_what_is_no_csv_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed, match="cannot be read as CSV"):
        read_csv(body, reader(SCHEMA), LIMITS)


@pytest.mark.parametrize("body", [b"", b"\n", b"tenure,paid\n", b"tenure,paid"])
def test_csv_without_rows_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid, match=r"no rows|cannot be read as CSV"):
        read_csv(body, reader(SCHEMA), LIMITS)


def test_csv_of_too_many_rows_is_too_large() -> None:
    with pytest.raises(TooLarge):
        read_csv(b"tenure,paid\n" + b"1,true\n" * 1001, reader(SCHEMA), LIMITS)


def test_csv_holds_texts_and_numbers_but_no_tensors() -> None:
    schema = Schema((Tensor("text", "str", ()), Tensor("n", "float32", ())), container="tensors")
    batch: Any = read_csv("text,n\ngrüß,1.5\n".encode(), reader(schema), LIMITS)
    assert (batch["text"].tolist(), batch["n"].tolist()) == (["grüß"], [1.5])
    with pytest.raises(Invalid, match="column 'text' has no value in row 0"):
        read_csv(b"text,n\n,1.5\n", reader(schema), LIMITS)
    with pytest.raises(Unsupported, match=r"CSV has no room for the tensor 'image' \[2, 2, 3\]"):
        read_csv(b"image\n1", reader(IMAGES), LIMITS)


@pytest.mark.parametrize(
    ("accept", "sent", "chosen"),
    [
        (None, CSV_TYPE, CSV_TYPE),
        ("*/*", ARROW_STREAM, ARROW_STREAM),
        ("application/json", ARROW_STREAM, JSON_TYPE),
        ("text/csv, application/json;q=0.9", JSON_TYPE, CSV_TYPE),
        ("text/html, */*;q=0.1", JSON_TYPE, JSON_TYPE),
        ("text/html", JSON_TYPE, JSON_TYPE),
        ("text/csv;q=x", JSON_TYPE, JSON_TYPE),
        (f"TEXT/CSV;q=0.2, {ARROW_STREAM};q=0.3", JSON_TYPE, ARROW_STREAM),
    ],
)
def test_the_answer_comes_as_the_client_prefers(accept: str | None, sent: str, chosen: str) -> None:
    assert answer_type(accept, sent) == chosen
