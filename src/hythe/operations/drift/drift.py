"""Whether rows in files look like those that a version was made for: the same code as online."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from hythe.base.clock import Clock, SystemClock
from hythe.base.errors import Invalid
from hythe.base.progress import Progress, Quiet
from hythe.monitor.finding import Report
from hythe.operations.drift.examination import Examination
from hythe.operations.drift.examined import Examined
from hythe.operations.drift.options import DriftOptions
from hythe.operations.drift.outputs import Nothing, Outputs, Predicted, Told, told_columns
from hythe.operations.drift.reference import Reference
from hythe.operations.drift.source import Source, source_of
from hythe.registry.registry import Registry


class Drifted(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was found in the rows of `data`: a report for each period, in the order of time.

    Without time stamps there is one, which begins at 0 and lasts 0 s. `notes` are about the data as a whole.
    """

    version: str
    data: str
    rows: int
    false_alarms: float
    reports: tuple[Report, ...]
    notes: tuple[str, ...] = ()

    @property
    def alarms(self) -> int:
        """How many findings alarm, of all periods."""
        return sum(len(report.alarms) for report in self.reports)


def drift(
    registry: Registry,
    ref: str,
    data: Any,
    options: DriftOptions | None = None,
    *,
    page: Path | None = None,
    progress: Progress | None = None,
    clock: Clock | None = None,
) -> Drifted:
    """Compare rows with the baseline of a version; `page` is written with plots, as one HTML file.

    `data` is a file, a folder or a pattern of files (Parquet, Arrow, CSV, JSON lines), or a table.

    Raises:
        NotFound: when there is no such version or file.
        Unsupported: when the version has no baseline.
        Invalid: when the rows cannot be read, or have none of the columns that the model reads.

    """
    chosen = options or DriftOptions()
    reference = Reference.of(registry, ref, chosen.features)
    source = source_of(data)
    _check_columns(reference, source, chosen)
    with _outputs(registry, reference, source, chosen) as outputs:
        examination = Examination(reference, source, chosen, outputs, progress or Quiet())
        periods = examination.counted()
    examined = list(examination.examined(periods))
    found = Drifted(
        version=reference.ref,
        data=source.name,
        rows=sum(running.rows for running in periods.values()) + examination.periods.undated,
        false_alarms=chosen.false_alarms,
        reports=tuple(each.report for each in examined),
        notes=tuple(examination.notes((clock or SystemClock()).now().timestamp(), periods)),
    )
    if page is not None:
        _write(page, found, examined, reference)
    return found


def _check_columns(reference: Reference, source: Source, options: DriftOptions) -> None:
    names = {*source.columns}
    if not names & {*reference.baseline.features}:
        raise Invalid(
            f"{source.name!r} has none of the columns that {reference.ref} reads; they are "
            f"{_listed(reference.baseline.features)}, and it has {_listed(source.columns) or 'none'}"
        )
    if options.timestamp and options.timestamp not in names:
        raise Invalid(
            f"there is no column {options.timestamp!r} in {source.name!r}; it has {_listed(source.columns)}"
        )


def _listed(names: Iterable[str], most: int = 20) -> str:
    shown = list(names)
    return ", ".join(shown[:most]) + (f" and {len(shown) - most} more" if len(shown) > most else "")


@contextmanager
def _outputs(
    registry: Registry, reference: Reference, source: Source, options: DriftOptions
) -> Iterator[Outputs]:
    """Find out where answers come from; a model that is asked is loaded, and let go of at the end."""
    if options.predict:
        from hythe.operations.load import load

        with load(registry, reference.ref, options.variant, placing=options.placing) as predictor:
            yield Predicted(predictor)
        return
    told = told_columns(reference.schema, list(reference.baseline.outputs), source.columns, options.outputs)
    yield Told(reference.schema, told) if told else Nothing()


def _write(page: Path, found: Drifted, examined: list[Examined], reference: Reference) -> None:
    from hythe.operations.drift.html.page import render

    title = f"{reference.ref} on {Path(found.data).name}"
    page.write_text(render(examined, reference.baseline, title=title, notes=found.notes), "utf-8")
