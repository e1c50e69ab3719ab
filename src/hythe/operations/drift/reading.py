"""Reads all rows of a source once: counts those of each period, and looks at how they are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hythe.base.errors import Invalid
from hythe.base.progress import Progress
from hythe.monitor.finding import Finding
from hythe.monitor.quality.rows import MOST_ROWS, RowLook
from hythe.operations.drift.counting import RowCounter, Running, ahead, workers
from hythe.operations.drift.logged import is_logged, recorded
from hythe.operations.drift.outputs import Nothing, Outputs
from hythe.operations.drift.periods import Periods, Whole
from hythe.operations.drift.reference import Reference
from hythe.operations.drift.source import Source
from hythe.operations.drift.text_cells import typed
from hythe.operations.predictions.table import UNTOLD

_PANDAS_INDEX = "__index_level_"


@dataclass(slots=True)
class Read:
    """What was read: counts by the first second of their period, in order, and findings of all rows together.

    `undated` rows have no time, and are in no period.
    """

    periods: dict[int, Running] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    undated: int = 0

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return self.undated + sum(running.rows for running in self.periods.values())


def read(
    reference: Reference,
    source: Source,
    periods: Periods | Whole,
    outputs: Outputs | None = None,
    *,
    progress: Progress,
) -> Read:
    """Read all rows of a source; without `outputs` no answers are counted.

    Of a prediction log the features that were left out of it are not counted, and nothing is said of how its
    rows are written: a server took them.

    Raises:
        Invalid: when there are no rows, or a file cannot be read.

    """
    answers = outputs or Nothing()
    look = RowLook(reference.schema, reference.baseline, _columns(source, periods, answers))
    found = Read()
    wanted = {item.name for item in reference.schema.inputs} | {
        *look.wanted,
        *answers.columns,
        periods.column,
        UNTOLD,
    }
    logged = is_logged(source)
    with workers() as (pool, several):
        counter = RowCounter(reference.schema, reference.baseline, pool, several)
        for batch in ahead(source.batches(wanted), pool):
            progress.step("counting rows", found.rows, source.rows)
            if not logged:
                first = batch.slice(0, MOST_ROWS)
                look.take(typed(first, reference.schema) if source.is_text else first)
            for start, rows in periods.split(recorded(batch, reference.schema) if logged else batch):
                running = found.periods.setdefault(start, Running())
                running.add(rows.num_rows, *counter.features(rows))
                answered = answers(rows)
                running.answer(answered.rows, counter.outputs(answered))
            found.undated = periods.undated
    if not found.periods:
        dated = " with a time" if found.undated else ""
        raise Invalid(f"{source.name!r} holds no rows{dated}; give at least one")
    found.periods = dict(sorted(found.periods.items()))
    if logged:
        for running in found.periods.values():
            running.keep(source.columns)
    else:
        found.findings = look.findings()
    return found


def _columns(source: Source, periods: Periods | Whole, outputs: Outputs) -> list[str]:
    """Name the columns that rows have for the model, without times, answers, and a row's number in pandas."""
    beside = {*outputs.columns, periods.column}
    return [name for name in source.columns if name not in beside and not name.startswith(_PANDAS_INDEX)]
