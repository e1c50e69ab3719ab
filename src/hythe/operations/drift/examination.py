"""The rows of one source, counted into windows and examined as windows of servers are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hythe.base.errors import Invalid
from hythe.base.progress import Progress
from hythe.monitor.examine import examine
from hythe.monitor.period import Period
from hythe.monitor.policy import MonitorPolicy
from hythe.operations.drift.counting import RowCounter, Running, ahead, workers
from hythe.operations.drift.examined import Examined
from hythe.operations.drift.options import DriftOptions
from hythe.operations.drift.outputs import Outputs, Told
from hythe.operations.drift.periods import Periods, Whole
from hythe.operations.drift.reference import Reference
from hythe.operations.drift.source import Source


class Examination:
    """The rows of one source, counted and examined."""

    def __init__(
        self,
        reference: Reference,
        source: Source,
        options: DriftOptions,
        outputs: Outputs,
        progress: Progress,
    ) -> None:
        self._reference, self._source, self._options = reference, source, options
        self._outputs, self._progress = outputs, progress
        self.periods = Periods(options.timestamp, options.period_s) if options.timestamp else Whole()

    def counted(self) -> dict[int, Running]:
        """Read all rows, and count those of each period."""
        found: dict[int, Running] = {}
        done = 0
        with workers() as (pool, several):
            counter = RowCounter(self._reference.schema, self._reference.baseline, pool, several)
            for batch in ahead(self._source.batches(self._wanted()), pool):
                self._progress.step("counting rows", done, self._source.rows)
                done += batch.num_rows
                for start, rows in self.periods.split(batch):
                    running = found.setdefault(start, Running())
                    running.add(rows.num_rows, counter.features(rows))
                    answered = self._outputs(rows)
                    running.answer(answered.rows, counter.outputs(answered))
        if not found:
            raise Invalid(f"{self._source.name!r} holds no rows{self._why_none()}; give at least one")
        return dict(sorted(found.items()))

    def examined(self, periods: Mapping[int, Running]) -> Iterator[Examined]:
        """Examine each period; all together may alarm for nothing as often as was allowed."""
        options = self._options
        length = options.period_s if options.timestamp else 0
        alpha = options.false_alarms / len(periods)
        policy = MonitorPolicy(
            false_alarms=options.false_alarms, least_rows=options.least_rows, ignore=options.ignore
        )
        for place, (start, running) in enumerate(periods.items()):
            self._progress.step("examining", place, len(periods))
            window = running.window(self._reference.number, start, length)
            period = Period(window=window, baseline=self._reference.baseline, schema=self._reference.schema)
            yield Examined(examine(period, policy, alpha), window)

    def notes(self, now: float, periods: Mapping[int, Running]) -> Iterator[str]:
        """Say what is odd about the data as a whole."""
        if undated := self.periods.undated:
            yield f"{undated:,} rows have no time in {self._options.timestamp!r}, and are in no period"
        later = [start for start in periods if self._options.timestamp and start > now]
        if later:
            rows = sum(periods[start].rows for start in later)
            yield (
                f"{rows:,} rows are of {len(later):,} periods that have not begun; check the clock of "
                "whoever wrote them"
            )
        if isinstance(self._outputs, Told):
            names = ", ".join(self._outputs.columns)
            yield f"the model's answers were read from the columns {names}"

    def _wanted(self) -> set[str]:
        inputs = {item.name for item in self._reference.schema.inputs}
        if not self._options.predict:
            inputs &= {*self._reference.baseline.features}
        return inputs | {*self._outputs.columns} | {self._options.timestamp}

    def _why_none(self) -> str:
        return " with a time" if self.periods.undated else ""
