"""The Python API of drift in files and tables, on the registry that the surroundings name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hythe.app import config
from hythe.app.config import Home
from hythe.app.wire import opened
from hythe.operations.drift.drift import Drifted
from hythe.operations.drift.drift import drift as _drift
from hythe.operations.drift.options import DriftOptions


def drift(  # noqa: PLR0913 - the words of one long sentence, each by its name
    ref: str,
    data: Any,
    *,
    timestamp: str = "",
    period_s: int = 3600,
    false_alarms: float = 0.01,
    least_rows: int = 100,
    learning_days: float = 0.0,
    learn_from: Any = None,
    features: Iterable[str] = (),
    ignore: Iterable[str] = (),
    predict: bool = False,
    target: str = "",
    outputs: Mapping[str, str] | None = None,
    report: Path | str | None = None,
    home: Home = None,
) -> Drifted:
    """Compare rows with a version's baseline, as monitoring does with the windows of its servers.

    `data` is the path of a file (Parquet, Arrow, CSV, JSON lines), a folder or a pattern of files, or a table
    (pandas, polars, Arrow). Where `timestamp` names a column with times, rows are told apart into periods of
    `period_s` seconds, aligned to UTC. At most `false_alarms` of the periods alarm for nothing, on average.
    What variation between periods is normal is learned from the first `learning_days`, which are not
    examined, or from the rows of `learn_from`; without either, rows are taken for independent draws.
    Only `features` are looked at, where any are named, and nothing named in `ignore`. With `predict` the
    version answers the rows, so that its outputs are examined, too, and held against the column `target`
    of true outcomes, where there is one; `outputs` says in which columns earlier
    answers stand: `{"value": "prediction"}`. A page with plots is written to the HTML file `report`.

    Raises:
        NotFound: when there is no such version or file.
        Unsupported: when the version was packed without a baseline.
        Invalid: when rows cannot be read, or have none of the columns that the model reads.

    """
    options = DriftOptions(
        timestamp=timestamp,
        period_s=period_s,
        false_alarms=false_alarms,
        least_rows=least_rows,
        learning_days=learning_days,
        learn_from=learn_from,
        features=tuple(features),
        ignore=tuple(ignore),
        predict=predict,
        target=target,
        outputs=outputs or {},
    )
    page = None if report is None else Path(report)
    with opened(config.load(home=home)) as here:
        return _drift(here.registry, ref, data, options, page=page)
