"""The Python API of feedback, on the catalog that the surroundings name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hythe.app import config
from hythe.app.config import Home
from hythe.app.wire import opened
from hythe.operations.feedback.send import Sent, send_here
from hythe.operations.feedback.tables import Names


def feedback(
    endpoint: str,
    data: Path | str | Sequence[dict[str, Any]] | Any,
    *,
    names: Names | None = None,
    home: Home = None,
) -> Sent:
    """Tell what became of an endpoint's predictions, all of it or nothing, and join it.

    `data` is the path of a file, items such as `{"prediction_id": …, "row": 0, "outcome": …, "values": {…}}`,
    or a table (pandas, polars, Arrow) with such columns, and a column for each value; `names` are its
    columns where they have others. Told again it changes nothing; told otherwise, the newest counts.

    Raises:
        Invalid: naming the row, what is wrong with it, and what was expected.
        NotFound: when there is no such file, or nobody knows the endpoint.

    """
    source: Any = Path(data) if isinstance(data, str) else data
    if hasattr(source, "__arrow_c_stream__"):
        import pyarrow as pa

        source = pa.table(source)
    with opened(config.load(home=home)) as here:
        return send_here(here.registry, endpoint, source, names)
