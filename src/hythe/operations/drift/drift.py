"""Whether rows in files look like those that a version was made for: the same code as online."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from hythe.base.clock import Clock, SystemClock
from hythe.base.errors import Invalid
from hythe.base.progress import Progress, Quiet
from hythe.monitor.drift.normal import Normal
from hythe.monitor.finding import Finding, Report
from hythe.operations.drift.examination import Counted, first_days, reports_of, taught, window_of
from hythe.operations.drift.examined import Examined
from hythe.operations.drift.options import DriftOptions
from hythe.operations.drift.outputs import Nothing, Outputs, Told, told_columns
from hythe.operations.drift.periods import Periods, Whole
from hythe.operations.drift.predicted import Predicted
from hythe.operations.drift.reading import Read, read
from hythe.operations.drift.reference import Reference
from hythe.operations.drift.source import Source, source_of
from hythe.operations.monitoring.offline_performance import OfflinePerformance
from hythe.registry.registry import Registry


class Drifted(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What was found in the rows of `data`: a report for each period, in the order of time.

    Without time stamps there is one, which begins at 0 and lasts 0 s. `findings` and `notes` are about the
    data as a whole: columns that lack or are new, other types and formats, how right answers are.
    """

    version: str
    data: str
    rows: int
    false_alarms: float
    findings: tuple[Finding, ...] = ()
    reports: tuple[Report, ...]
    notes: tuple[str, ...] = ()

    @property
    def alarms(self) -> int:
        """How many findings alarm, of the data and of all periods."""
        whole = sum(finding.verdict == "alarm" for finding in self.findings)
        return whole + sum(len(report.alarms) for report in self.reports)

    @property
    def told(self) -> tuple[Finding, ...]:
        """Those `findings` that people are shown: estimates, which labels make needless, if they alarm."""
        return tuple(each for each in self.findings if each.kind != "estimate" or each.verdict == "alarm")


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
    bar = progress or Quiet()
    with _outputs(registry, reference, source, chosen) as outputs:
        rows = read(reference, source, _periods(chosen), outputs, progress=bar)
    right = outputs.findings(chosen.false_alarms - chosen.alpha) if isinstance(outputs, Predicted) else []
    normal, periods = _learned(reference, rows, chosen, bar)
    reports = tuple(reports_of(reference, periods, chosen, normal, bar))
    found = Drifted(
        version=reference.ref,
        data=source.name,
        rows=rows.rows,
        false_alarms=chosen.false_alarms,
        findings=_kept([*rows.findings, *right], chosen.ignore),
        reports=reports,
        notes=tuple(_notes(rows, chosen, outputs, (clock or SystemClock()).now().timestamp())),
    )
    if page is not None:
        _write(page, found, periods, reference, chosen)
    return found


def _periods(options: DriftOptions) -> Periods | Whole:
    return Periods(options.timestamp, options.period_s) if options.timestamp else Whole()


def _learned(
    reference: Reference, rows: Read, options: DriftOptions, progress: Progress
) -> tuple[Normal | None, list[Counted]]:
    """Learn what is normal, where that was asked for, and give the periods that are left to examine."""
    periods = list(rows.periods.items())
    if options.learn_from is not None:
        source = source_of(options.learn_from)
        _check_columns(reference, source, options)
        before = read(reference, source, _periods(options), progress=progress)
        return taught(reference, list(before.periods.items()), options), periods
    if not options.learning_days:
        return None, periods
    first = first_days(periods, options)
    return taught(reference, periods[:first], options), periods[first:]


def _kept(findings: Iterable[Finding], ignore: tuple[str, ...]) -> tuple[Finding, ...]:
    """Leave out what is to be ignored; alarms first."""
    kept = [
        finding
        for finding in findings
        if not {finding.check, finding.subject, finding.subject.partition(":")[2]} & {*ignore}
    ]
    return tuple(sorted(kept, key=lambda finding: finding.verdict != "alarm"))


def _notes(rows: Read, options: DriftOptions, outputs: Outputs, now: float) -> Iterator[str]:
    """Say what is odd about the rows as a whole."""
    if rows.undated:
        yield f"{rows.undated:,} rows have no time in {options.timestamp!r}, and are in no period"
    later = [running.rows for start, running in rows.periods.items() if options.timestamp and start > now]
    if later:
        periods = f"{len(later):,} {'period' if len(later) == 1 else 'periods'}"
        yield (
            f"{sum(later):,} rows are of {periods} yet to begin; check the clock of whoever wrote their times"
        )
    if isinstance(outputs, Told):
        yield f"the model's answers were read from the columns {', '.join(outputs.columns)}"


def _check_columns(reference: Reference, source: Source, options: DriftOptions) -> None:
    names = {*source.columns}
    if not names & {*reference.baseline.features}:
        raise Invalid(
            f"{source.name!r} has none of the columns that {reference.ref} reads; they are "
            f"{_listed(reference.baseline.features)}, and it has {_listed(source.columns) or 'none'}"
        )
    for wanted in (options.timestamp, options.target):
        if wanted and wanted not in names:
            raise Invalid(
                f"there is no column {wanted!r} in {source.name!r}; it has {_listed(source.columns)}"
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
            performance = OfflinePerformance(reference.schema, reference.baseline) if options.target else None
            yield Predicted(predictor, is_text=source.is_text, target=options.target, performance=performance)
        return
    told = told_columns(reference.schema, list(reference.baseline.outputs), source.columns, options.outputs)
    yield Told(reference.schema, told) if told else Nothing()


def _write(
    page: Path, found: Drifted, periods: Sequence[Counted], reference: Reference, options: DriftOptions
) -> None:
    """Write the page; windows are made again for those periods that it shows in full."""
    from hythe.operations.drift.html.page import render, shown

    full = {*shown(found.reports)}
    examined = [
        Examined(report, window_of(reference, periods[place], options) if place in full else None)
        for place, report in enumerate(found.reports)
    ]
    title = f"{reference.ref} on {Path(found.data).name}"
    text = render(
        examined,
        reference.baseline,
        title=title,
        findings=found.told,
        notes=found.notes,
        false_alarms=found.false_alarms,
    )
    try:
        page.write_text(text, "utf-8")
    except OSError as err:
        raise Invalid(
            f"the page cannot be written to {str(page)!r}: {err.strerror}; give another path"
        ) from err
