"""The bodies that feedback comes in, read some items at a time, so that others get their turn in between."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from hythe.base.errors import Invalid
from hythe.dataplane.admit import Limits
from hythe.monitor.outcomes.expected import Expected
from hythe.monitor.outcomes.feedback import Item
from hythe.operations.feedback.tables import Names, csv_items, table_items
from hythe.runtime.documents import malformed
from hythe.runtime.pieces import PIECE, list_end, piece_end
from hythe.server.http.tables import CSV_TYPE, TABLE_TYPES

LINES_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
"""The content types of JSON lines."""
_ENVELOPE = re.compile(rb'\s*\{\s*"feedback"\s*:\s*\[')
_UNREAD = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_PATH = re.compile(r"(.*) - at `\$\.?(.*)`", re.DOTALL)
_SHAPE = '{"feedback": [{"prediction_id": …, "row": 0, "outcome": …, "values": {"revenue": 12.5}}]}'


class _Told(msgspec.Struct, forbid_unknown_fields=True):
    feedback: list[Item]


_document = msgspec.json.Decoder(_Told).decode
_list = msgspec.json.Decoder(list[Item]).decode
_lines = msgspec.json.Decoder(Item).decode_lines


def read_items(kind: str, body: bytes, expected: Expected, limits: Limits) -> Iterator[list[Item]]:
    """Read a body of the content type `kind`: JSON lines, CSV, Arrow, or else JSON.

    Raises:
        Malformed: when it cannot be read.
        Invalid: naming the item, its field, and what was expected.
        TooLarge: for Arrow data that unpack to more than the limits allow.

    """
    if kind in LINES_TYPES:
        return _json_lines(body)
    if kind == CSV_TYPE:
        return csv_items(body, Names(), expected)
    if kind in TABLE_TYPES:
        from hythe.server.http.arrow_rows import read_ipc

        return table_items(read_ipc(body, limits), Names())
    return _json(body)


def _json(body: bytes) -> Iterator[list[Item]]:
    envelope = _ENVELOPE.match(body)
    end = list_end(body) if envelope is not None and len(body) > PIECE else 0
    if envelope is None or not end:
        yield _whole(body)
        return
    at = envelope.end()
    while at < end:
        stop, after = piece_end(body, at, end)
        try:
            items = _list(b"[%b]" % body[at:stop])
        except _UNREAD:  # it was cut inside a text, or does not fit
            items, after = _rest(body, at, end), end
        yield items
        at = after


def _rest(body: bytes, at: int, end: int) -> list[Item]:
    """Read all items from `at` on, which is where an item begins."""
    try:
        return _list(b"[%b]" % body[at:end])
    except _UNREAD:
        _whole(body)  # says where in the whole body the fault is
        raise Invalid("the feedback is given twice; give one list") from None


def _whole(body: bytes) -> list[Item]:
    try:
        return _document(body).feedback
    except msgspec.ValidationError as err:
        raise _explained(err) from err
    except _UNREAD as err:
        raise malformed(err) from err


def _json_lines(body: bytes) -> Iterator[list[Item]]:
    at = 0
    while at < len(body):
        stop = body.find(b"\n", at + PIECE) + 1 or len(body)
        try:
            yield _lines(body[at:stop])
        except msgspec.ValidationError as err:
            raise _explained(err, body.count(b"\n", 0, at)) from err
        except _UNREAD as err:
            raise malformed(err) from err
        at = stop


def _explained(err: msgspec.ValidationError, lines: int = 0) -> Invalid:
    """Say what does not fit, and where."""
    found = _PATH.fullmatch(str(err))
    said, path = (found[1], found[2]) if found else (str(err), "")
    line = re.match(r"\[(\d+)\]", path)
    if line:
        path = f"feedback[{int(line[1]) + lines}]{path[line.end() :]}"
    return Invalid(f"{path or 'the body'}: {said.replace('`', '')}; send {_SHAPE}")
