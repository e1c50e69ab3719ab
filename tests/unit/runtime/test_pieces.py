"""A long list of rows is read a piece at a time, and means what it means in one go."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hythe.base.errors import Invalid, Malformed
from hythe.bundle.schema import Column, Schema
from hythe.runtime.pieces import PIECE, list_end, piece_end
from hythe.runtime.records import Records

records = Records(Schema((Column("n", "int64"), Column("note", "string", nullable=True))))
MANY = 3 * PIECE // 40
"""So many rows of `wide` make several pieces."""


def wide(index: int, note: str | None = None) -> dict[str, Any]:
    return {"n": index, "note": f"{'x' * 30}{index}" if note is None else note}


def body(rows: list[dict[str, Any]]) -> bytes:
    return json.dumps({"rows": rows}).encode()


def in_pieces(data: bytes) -> list[list[Any]]:
    return list(records.in_pieces(memoryview(data)))


def together(pieces: list[list[Any]]) -> list[Any]:
    return [row for piece in pieces for row in piece]


def test_pieces_are_small_and_together_are_the_whole() -> None:
    data = body([wide(index) for index in range(MANY)])
    pieces = in_pieces(data)
    assert max(map(len, pieces)) < MANY / 2
    assert together(pieces) == records.decode(data)


def test_a_cut_inside_a_text_does_no_harm() -> None:
    data = body([wide(0, '"}, {"' * PIECE), wide(1), wide(2, "}, {" * PIECE), wide(3)])
    assert together(in_pieces(data)) == records.decode(data)


@given(
    st.lists(st.builds(wide, st.integers(0, 9), st.text(alphabet='}{,: "\\[]n\n', max_size=12)), max_size=9),
    st.integers(1, 40),
    st.sampled_from([None, 1]),
)
def test_any_list_cut_anywhere_is_the_whole_or_no_json(rows: Any, size: int, indent: int | None) -> None:
    data = json.dumps({"rows": rows}, indent=indent).encode()
    at, end = data.index(b"[") + 1, list_end(data)
    decode = msgspec.json.Decoder(list[dict[str, Any]]).decode
    found: list[Any] = []
    while at < end:
        stop, after = piece_end(data, at, end, size)
        try:
            found += decode(b"[" + data[at:stop] + b"]")
        except msgspec.DecodeError:  # as `Records` does: the rest in one go
            found += decode(b"[" + data[at:end] + b"]")
            break
        at = after
    assert found == rows


def test_a_wrong_value_is_named_by_its_place_in_the_whole() -> None:
    rows: list[Any] = [wide(index) for index in range(MANY)]
    rows[MANY - 2]["n"] = "many"
    with pytest.raises(Invalid, match=rf'^rows\[{MANY - 2}\]\.n is "many"; expected an integer'):
        in_pieces(body(rows))


def test_whole_numbers_written_with_a_point_are_read_as_in_one_go() -> None:
    rows: list[Any] = [wide(index) for index in range(MANY)]
    rows[MANY // 2]["n"] = 7.0
    assert (
        together(in_pieces(body(rows)))[MANY // 2] == together(in_pieces(body([wide(7), rows[MANY // 2]])))[1]
    )


def test_what_is_no_json_is_malformed_in_the_words_of_the_whole() -> None:
    data = body([wide(index) for index in range(MANY)])
    broken = data[:-40] + b"!" + data[-39:]
    with pytest.raises(Malformed) as whole:
        records.decode(broken)
    with pytest.raises(Malformed) as pieces:
        in_pieces(broken)
    assert str(pieces.value) == str(whole.value)


@pytest.mark.parametrize("tail", [b', "more": [{"n": 1}]}', b', "rows": [{"n": 1}]}'], ids=["other", "rows"])
def test_what_stands_beside_the_list_is_refused(tail: bytes) -> None:
    data = body([wide(index) for index in range(MANY)])[:-1] + tail
    with pytest.raises(Invalid):
        in_pieces(data)


def test_columns_and_a_bare_row_come_in_one_piece() -> None:
    assert len(in_pieces(b'{"n": 1}')) == 1
    assert len(in_pieces(json.dumps({"columns": {"n": list(range(5))}}).encode())) == 1
