"""Answer the rows of a file: with a version loaded here, or by asking a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from hythe.base.errors import CallerError, Invalid
from hythe.base.progress import Progress
from hythe.client import Client
from hythe.operations.load import load
from hythe.operations.placing import Placing
from hythe.operations.tables import read_table
from hythe.registry.registry import Registry

BATCH_ROWS = 1024
_TIMEOUT_S = 60.0


def predict_here(
    registry: Registry,
    ref: str,
    data: Path,
    variant: str | None = None,
    placing: Placing | None = None,
    progress: Progress | None = None,
) -> Iterator[dict[str, Any]]:
    """Answer the rows of `data`, one answer for each, in their order.

    Raises:
        Invalid: naming the row, the field, the value and what was expected.
        NotFound, Untrusted, Corrupt: when the version cannot be loaded.

    """
    table = read_table(data)
    with load(registry, ref, variant, placing=placing, progress=progress) as predictor:
        for start in range(0, table.num_rows, BATCH_ROWS):
            batch = table.slice(start, BATCH_ROWS).to_pylist()
            try:
                yield from predictor.predict(batch)
            except CallerError as err:
                if start == 0:
                    raise
                raise Invalid(f"among the rows from {start} on: {err}") from err


def predict_there(url: str, data: Path) -> Iterator[dict[str, Any]]:
    """Answer the rows of `data` by asking the server at `url` (…/predict/NAME); HYTHE_API_KEY is the key.

    They travel as Arrow, so that no cell becomes a Python object here.

    Raises:
        Invalid: with the server's words, when it refuses a row.
        Unavailable: when it does not answer.

    """
    base, _, endpoint = url.partition("/predict/")
    name = unquote(endpoint.strip("/"))
    if not name:
        raise Invalid(f"{url!r} names no endpoint; write http://HOST:PORT/predict/NAME")
    table = read_table(data)
    with Client(base, timeout_s=_TIMEOUT_S) as client:
        for start in range(0, table.num_rows, BATCH_ROWS):
            yield from client.predict(name, table.slice(start, BATCH_ROWS))
