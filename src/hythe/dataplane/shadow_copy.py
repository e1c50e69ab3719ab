"""The copy of an answered request on its way to a shadow."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, Any

from hythe.bundle.outcome import Answers
from hythe.monitor.record import SHADOW, SLOWER, Call
from hythe.monitor.sample import DRAW
from hythe.runtime.job import Job
from hythe.runtime.sink import Ran

if TYPE_CHECKING:
    from hythe.dataplane.live import LiveVersion
    from hythe.dataplane.ticket import Ticket


class ShadowTicket(Job):
    """One request that `champion` answered with `answers`, which the shadow is asked as well."""

    __slots__ = ("answers", "champion", "id", "key", "revision")

    def __init__(self, ticket: Ticket, champion: LiveVersion, answers: Answers) -> None:
        # Only what one version answered of one kind is compared in one go.
        super().__init__(ticket.batch, ticket.rows, kind=(champion.spec.version, ticket.kind))
        self.id = ticket.id
        self.key = ticket.key
        self.revision = ticket.revision
        self.champion = champion
        self.answers = answers

    def call(self, started_s: float, seconds: float, *, slower: bool = False) -> Call:
        """Make the record of this copy, answered by a call of the model that took `seconds`."""
        flags = SHADOW | SLOWER if slower else SHADOW
        return Call(
            self.id,
            self.rows,
            duration_s=seconds,
            queue_s=max(0.0, started_s - self.queued_s),
            share=0.0,
            key=self.key,
            flags=flags,
            revision=self.revision,
        )


def drawn(ticket: Ticket, least: str) -> bool:
    """Tell whether a request is copied: its key decides where it has one, so always or never, else its id.

    `least` is that of `hythe.monitor.sample`.
    """
    key = ticket.key
    return (f"{key[:2]}-{key[2:14]}" if key else ticket.id[DRAW]) >= least


def chosen(ran: Ran, failures: Container[int], least: str, revision: int) -> Iterator[tuple[Ticket, int]]:
    """Give the requests of a call that are copied, each with the place of its first row.

    Those that the plan of `revision` drew an arm for, and that were answered.
    """
    start = 0
    jobs: Any = ran.jobs
    for place, ticket in enumerate(jobs):
        if (
            ticket.share > 0.0
            and ticket.revision == revision
            and ticket.rows
            and drawn(ticket, least)
            and place not in failures
        ):
            yield ticket, start
        start += ticket.rows
