"""Bodies that are tables: Arrow IPC and CSV, in and out; pyarrow is loaded when the first one comes."""

from __future__ import annotations

import asyncio

from hythe.dataplane.admit import Limits
from hythe.dataplane.ticket import Prediction
from hythe.runtime.batch import Batch, RowReader
from hythe.server.http.body import Buffer
from hythe.server.http.messages import Reply, compressed
from hythe.server.http.request import Request

JSON_TYPE = "application/json"
ARROW_STREAM = "application/vnd.apache.arrow.stream"
ARROW_FILE = "application/vnd.apache.arrow.file"
CSV_TYPE = "text/csv"
TABLE_TYPES = frozenset({ARROW_STREAM, ARROW_FILE, CSV_TYPE})
"""The content types that `read_table` reads and `write_table` writes."""
_OFF_LOOP = 2**17
"""More bytes than this are read in a thread; Arrow lets other Python code run meanwhile."""


async def read_table(content_type: str, body: Buffer, rows: RowReader, limits: Limits) -> Batch:
    """Read a table of one of `TABLE_TYPES` with an endpoint's reader.

    Raises:
        Malformed: when the body is not what `content_type` says.
        TooLarge: for more rows, or more bytes once they are unpacked, than the limits allow.
        Invalid: naming the column, the row, the value and what was expected.
        Unsupported: for CSV, when the model takes tensors of more than one value a row.

    """
    if len(body) < _OFF_LOOP:
        return _read(content_type, body, rows, limits)
    return await asyncio.to_thread(_read, content_type, body, rows, limits)


def _read(content_type: str, body: Buffer, rows: RowReader, limits: Limits) -> Batch:
    if content_type == CSV_TYPE:
        from hythe.server.http.csv_rows import read_csv

        return read_csv(bytes(body), rows, limits)
    from hythe.server.http.arrow_rows import read_arrow

    return read_arrow(body, rows, limits)


def answer_type(accept: str | None, otherwise: str) -> str:
    """Choose what to answer with: what `Accept` prefers, and `otherwise` where it prefers nothing.

    >>> answer_type("text/csv;q=0.5, application/json", CSV_TYPE), answer_type("*/*", CSV_TYPE)
    ('application/json', 'text/csv')
    """
    if not accept:
        return otherwise
    offers = [_offer(item) for item in accept.lower().split(",")]
    known = {otherwise, JSON_TYPE, *TABLE_TYPES}
    best = max((quality for word, quality in offers if word in known or word == "*/*"), default=0.0)
    wanted = [word for word, quality in offers if quality == best and quality > 0]
    if not wanted or "*/*" in wanted or otherwise in wanted:
        return otherwise
    return next((word for word in wanted if word in known), otherwise)


async def reply_table(content_type: str, prediction: Prediction, request: Request) -> Reply:
    """Answer with one of `TABLE_TYPES`; CSV is compressed where the client offers it, Arrow never.

    Most clients offer gzip by themselves, and compressing floats costs more than the rest of the request.
    """
    reply = write_table(content_type, prediction)
    return await compressed(reply, request) if content_type == CSV_TYPE else reply


def write_table(content_type: str, prediction: Prediction) -> Reply:
    """Write answers as one of `TABLE_TYPES`; the id, the version and marks also stand in headers."""
    spec = prediction.version.spec
    facts = {
        "hythe-prediction-id": prediction.id,
        "hythe-version": spec.version,
        **{f"hythe-{mark}": "true" for mark in prediction.marks},
    }
    headers = (("content-type", content_type), *facts.items())
    outputs = spec.schema.outputs
    if content_type == CSV_TYPE:
        from hythe.server.http.csv_rows import write_csv

        return Reply(write_csv(prediction.answers, outputs), headers=headers)
    from hythe.server.http.arrow_rows import write_arrow

    file = content_type == ARROW_FILE
    return Reply(write_arrow(prediction.answers, outputs, facts, file=file), headers=headers)


def _offer(item: str) -> tuple[str, float]:
    word, _, parameters = item.strip().partition(";")
    quality = next((p.strip()[2:] for p in parameters.split(";") if p.strip().startswith("q=")), "1")
    try:
        return word.strip(), float(quality)
    except ValueError:
        return word.strip(), 0.0
