"""`hythe drift churn:1.0.0 --data last_week.parquet`: whether rows look like those that a version knows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from hythe.base.errors import Invalid
from hythe.base.keep_out import keep_out
from hythe.cli.common import COMMON, Bar, Common, emit


def drift_command(  # noqa: PLR0913 - one parameter for each option of the command
    ref: str,
    *,
    data: str,
    timestamp: str = "",
    period: str = "1h",
    false_alarms: float = 0.01,
    least_rows: int = 100,
    learning_days: float = 0.0,
    learn_from: str = "",
    feature: list[str] | None = None,
    ignore: list[str] | None = None,
    predict: Annotated[bool, Parameter(negative=())] = False,
    target: str = "",
    output: list[str] | None = None,
    report: Path | None = None,
    variant: str | None = None,
    environment: Literal["auto", "here", "lock"] = "auto",
    device: str = "cpu",
    common: Common = COMMON,
) -> int:
    """Compare rows of files with a version's baseline, as monitoring does; exit code 1 when something alarms.

    Parameters
    ----------
    ref
        The version: churn, churn:1.0.0.
    data
        The rows: a file (Parquet, Arrow, CSV, JSON lines), a folder of such files, or a pattern.
    timestamp
        A column that tells when a row was; without it all rows are one period.
    period
        How long a period is (15m, 1h, 1d), aligned to UTC.
    false_alarms
        How many of the periods may alarm for nothing, on average, all features, outputs and checks together.
    least_rows
        A period of fewer rows is not tested.
    learning_days
        So many days at the beginning are not examined: they teach what variation between periods is normal.
    learn_from
        Other rows, with the same column of times, that teach it: a file, a folder, a pattern.
    feature
        Look at this feature only; repeat it for several.
    ignore
        A feature, an output or a check that is not looked at; repeat it for several.
    predict
        Let the version answer the rows, so that its outputs are examined, too.
    target
        A column of true outcomes, against which these answers are held.
    output
        A column with earlier answers, as OUTPUT=COLUMN: value=prediction, 'probabilities[yes]=score'.
    report
        Write a page with plots to this HTML file.
    variant
        Which variant answers; the fastest proven one when left out.
    environment
        Where a native model answers: here, in an environment as its lock says, or auto.
    device
        Where the model computes: cpu, cuda:0, or auto for a GPU where there is one.

    """
    from hythe.app.wire import opened
    from hythe.base.amounts import seconds
    from hythe.cli.drift_text import tell
    from hythe.operations.drift.drift import drift
    from hythe.operations.drift.options import DriftOptions
    from hythe.operations.placing import Placing

    options = DriftOptions(
        timestamp=timestamp,
        period_s=int(seconds(period)),
        false_alarms=false_alarms,
        least_rows=least_rows,
        learning_days=learning_days,
        learn_from=learn_from or None,
        features=tuple(feature or ()),
        ignore=tuple(ignore or ()),
        predict=predict,
        target=target,
        variant=variant,
        placing=Placing(environment=environment, device=device),
        outputs=dict(map(_pair, output or ())),
    )
    with opened(common.config()) as here, keep_out("pandas"), Bar() as bar:
        found = drift(here.registry, ref, data, options, page=report, progress=bar)
    emit(common, found, lambda: tell(found, report))
    return int(found.alarms > 0)


def _pair(text: str) -> tuple[str, str]:
    output, equals, column = text.rpartition("=")
    if not equals or not output or not column:
        raise Invalid(f"--output is {text!r}; write OUTPUT=COLUMN, such as value=prediction")
    return output, column
