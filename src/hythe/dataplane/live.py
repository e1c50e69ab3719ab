"""One version that answers in this process: its session, its batcher, its breaker, its record."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from hythe.base.errors import (
    Cancelled,
    HytheError,
    Internal,
    Invalid,
    OperatorError,
    TimedOut,
    Unavailable,
)
from hythe.bundle.rows import Array
from hythe.dataplane.answer_cache import AnswerCache
from hythe.dataplane.faults import FAULTS
from hythe.dataplane.loop import Loop
from hythe.dataplane.observe import Observer
from hythe.dataplane.observed import Observed
from hythe.dataplane.spec import VersionSpec
from hythe.dataplane.ticket import Answered, Ticket
from hythe.rollout.plan import CacheOptions
from hythe.runtime.answers import AnswerStructs, Labeller
from hythe.runtime.batch import RowReader, join
from hythe.runtime.batch_policy import BatchPolicy
from hythe.runtime.batcher import Batcher
from hythe.runtime.breaker import Breaker
from hythe.runtime.job import Job
from hythe.runtime.session import Session, refusal
from hythe.runtime.sink import Ran

if TYPE_CHECKING:
    from hythe.dataplane.shadow.shadows import Shadows


class LiveVersion:
    """A version that takes tickets.

    `label` turns its output arrays into JSON answers, `structs` into what msgspec writes as the same JSON.

    `fell_back` is asked about each ticket that failed by this version's fault: true when another answers it.
    `shadows` hear of each call after its answers were written. `copies` of other versions' requests are being
    answered. `clock` is monotonic.
    """

    def __init__(
        self,
        spec: VersionSpec,
        reader: RowReader,
        session: Session,
        observer: Observer,
        loop: Loop,
        policy: BatchPolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.spec = spec
        self.reader = reader
        self.session = session
        self.label = Labeller(spec.schema.outputs, text_keys=True)
        self.structs = AnswerStructs(spec.schema.outputs)
        self.batcher = Batcher(session, self, loop, policy, clock)
        self.breaker = Breaker(clock=clock)
        self.fell_back: Callable[[Ticket], bool] = lambda _ticket: False
        self.cache: AnswerCache | None = None
        self.shadows: Shadows | None = None
        self.copies = 0
        self._make_cache = partial(AnswerCache, self, observer, loop, clock)
        self._observer = observer
        self._waiting = observer.queue_rows(spec.version)
        self._observed = Observed(spec.observing, spec.schema, reader.fields)

    @property
    def ready(self) -> bool:
        """Whether a ticket would be answered now."""
        return self.session.ready and not self.breaker.open

    @property
    def idle(self) -> bool:
        """Whether no ticket, and no copy of one, waits for its outcome."""
        return self.batcher.idle and not self.copies and (self.cache is None or self.cache.idle)

    def keep_answers(self, options: CacheOptions | None) -> None:
        """Keep answers as the options say, and forget those that were kept otherwise; None keeps none."""
        if self.cache is None and options is not None:
            self.cache = self._make_cache()
        if self.cache is not None:
            self.cache.use(options)

    def put(self, ticket: Ticket) -> None:
        """Take a ticket; it hears of its outcome exactly once."""
        ticket.live = self
        if self.cache is not None and self.cache.took(ticket):
            return
        if self.breaker.allows():
            self.batcher.put(ticket)
            return
        version, wait_s = self.spec.version, self.breaker.wait_s
        self.fail(
            ticket,
            Unavailable(f"version {version} keeps failing and rests for {wait_s:.1f} s; try again then"),
        )

    def answered(self, ran: Ran) -> None:
        """Hand each ticket its own rows; a row that the model refuses refuses its own request.

        One whose deadline is over hears that instead: who gave the deadline waits no longer.
        """
        self.breaker.succeeded()
        answered = Answered(self, ran.outcome.answers)
        refused = ran.outcome.refused
        marked = b"\x01" in refused.tobytes()
        failures: dict[int, Exception] = {}
        start, ended_s = 0, ran.started_s + ran.seconds
        for place, ticket in enumerate(ran.jobs):
            stop = start + ticket.rows
            if ticket.cancelled:
                failures[place] = Cancelled("the client went away before the answer")
            elif ticket.deadline_s < ended_s:
                failures[place] = TimedOut("the answer came after the time that was given; give more time")
            elif marked and refused[start:stop].any():
                failures[place] = self.refusal(ran, start, stop)
            else:
                try:
                    ticket.answered(answered, start)  # type: ignore[attr-defined]  # the batcher gives tickets back
                except Exception as err:  # noqa: BLE001 - one answer that cannot be written must not cost the others
                    failures[place] = FAULTS.spoken(err, self._observer.endpoint, self.spec.version)
            start = stop
        for place, fault in failures.items():
            ran.jobs[place].refused(fault)  # type: ignore[attr-defined]  # as above
        self._observer.ran(self.spec.version, ran, self.seen(ran.fed, ran.jobs), failures)
        if self.cache is not None:
            self.cache.ran(ran)
        if self.shadows is not None:
            self.shadows.ran(self, ran, failures)

    def failed(self, jobs: Sequence[Job], err: Exception) -> None:
        """Tell tickets that they get no answer, unless another version can give one."""
        fault = FAULTS.spoken(err, self._observer.endpoint, self.spec.version)
        if isinstance(fault, OperatorError | Internal) and not isinstance(fault, TimedOut) and _ran(fault):
            self.breaker.failed()
        for ticket in jobs:
            self.fail(ticket, fault)  # type: ignore[arg-type]  # the batcher gives tickets back

    def fail(self, ticket: Ticket, err: HytheError) -> None:
        """Tell a ticket that it gets no answer here, unless another version can give one."""
        if self.cache is not None:
            self.cache.failed(ticket, err)
        version, share = self.spec.version, ticket.share
        if isinstance(err, OperatorError | Internal):
            ticket.share = 0.0  # what answers now was not drawn
            if self.fell_back(ticket):
                self._observer.rescued(ticket, version, err, share)
                return
            ticket.share = share
        ticket.refused(err)
        self._observer.failed(ticket, version, err)

    def refusal(self, ran: Ran, start: int, stop: int) -> Invalid:
        """Say which of the rows `start` to `stop` of a call the model refuses, and why."""
        row = start + int(ran.outcome.refused[start:stop].argmax())
        return refusal(row - start, ran.outcome.reasons.get(row, ""))

    def seen(self, fed: Any, jobs: Sequence[Job]) -> Mapping[str, Array]:
        """Give the tensors that the model is fed, and what its input does not tell of the features."""
        tensors: dict[str, Array] = fed if isinstance(fed, dict) else {}
        if not self._observed:
            return tensors
        batches = [job.batch for job in jobs]
        return {**tensors, **self._observed(batches[0] if len(batches) == 1 else join(batches))}

    def waiting(self, rows: int) -> None:
        """Count the rows that wait for a model call."""
        self._waiting.set(rows)

    async def close(self) -> None:
        """Give everything back."""
        self.keep_answers(None)
        await self.session.close()


def _ran(err: HytheError) -> bool:
    """Tell a failure of the version from a queue that is full."""
    return err.code != "busy"
