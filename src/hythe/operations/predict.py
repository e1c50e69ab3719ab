"""Answer the rows of a file: with a version loaded here, or by asking a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from hythe.base.errors import CallerError, HytheError, Invalid, Unavailable
from hythe.operations.load import load
from hythe.operations.tables import read_table
from hythe.registry.registry import Registry

BATCH_ROWS = 1024
_TIMEOUT_S = 60.0


def predict_here(
    registry: Registry, ref: str, data: Path, variant: str | None = None
) -> Iterator[dict[str, Any]]:
    """Answer the rows of `data`, one answer for each, in their order.

    Raises:
        Invalid: naming the row, the field, the value and what was expected.
        NotFound, Untrusted, Corrupt: when the version cannot be loaded.

    """
    table = read_table(data)
    with load(registry, ref, variant) as predictor:
        for start in range(0, table.num_rows, BATCH_ROWS):
            batch = table.slice(start, BATCH_ROWS).to_pylist()
            try:
                yield from predictor.predict(batch)
            except CallerError as err:
                if start == 0:
                    raise
                raise Invalid(f"among the rows from {start} on: {err}") from err


def predict_there(url: str, data: Path) -> Iterator[dict[str, Any]]:
    """Answer the rows of `data` by posting them to `url` (…/predict/NAME).

    Raises:
        Invalid: with the server's words, when it refuses a row.
        Unavailable: when it does not answer.

    """
    import httpx

    table = read_table(data)
    with httpx.Client(timeout=_TIMEOUT_S) as client:
        for start in range(0, table.num_rows, BATCH_ROWS):
            yield from _posted(client, url, table.slice(start, BATCH_ROWS))


def _posted(client: Any, url: str, batch: pa.Table) -> list[dict[str, Any]]:
    import httpx
    import msgspec

    body = msgspec.json.encode({"rows": batch.to_pylist()})
    try:
        reply = client.post(url, content=body, headers={"content-type": "application/json"})
    except httpx.HTTPError as err:
        raise Unavailable(f"{url} does not answer: {err}; is a server running there?") from err
    if reply.is_success:
        answers: list[dict[str, Any]] = reply.json()["predictions"]
        return answers
    raise _fault(url, reply.status_code, _said(reply))


def _fault(url: str, status: int, said: str) -> HytheError:
    kind = Invalid if status < 500 else Unavailable  # noqa: PLR2004 - HTTP's border of whose fault it is
    return kind(f"{url} answered {status}: {said}")


def _said(reply: Any) -> str:
    try:
        return str(reply.json()["error"])
    except (ValueError, KeyError, TypeError):
        return str(reply.text)[:200]
