"""The copy of an answered request on its way to a shadow."""

from __future__ import annotations

from collections.abc import Container, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from hythe.bundle.outcome import Answers
from hythe.monitor.records.call import SHADOW, SLOWER, Call
from hythe.monitor.records.sample import DRAW, least
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
        kind = champion.spec.version, ticket.kind
        super().__init__(ticket.batch, ticket.rows, kind=kind, weight=ticket.weight)
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


def key_draw(key: str) -> str:
    """Write the hash of a sticky key as the part of an id that decides about samples.

    >>> key_draw("c0123456789abcde") >= least(0.25), key_draw("bf123456789abcde") >= least(0.25)
    (True, False)
    """
    return f"{key[:2]}-{key[2:14]}"


def chosen(ran: Ran, failures: Container[int], share: float, revision: int) -> Sequence[tuple[Ticket, int]]:
    """Give the requests of a call that are copied, each with the place of its first row.

    Those in the sample of `share` that the plan of `revision` drew an arm for, and that were answered. A
    request's key decides about the sample where it has one, so always or never, else its id.
    """
    jobs: Sequence[Any] = ran.jobs
    lowest = least(share)
    drawn = [
        place
        for place, ticket in enumerate(jobs)
        if (key_draw(ticket.key) if ticket.key else ticket.id[DRAW]) >= lowest
    ]
    if not drawn:
        return ()
    starts = [0, *accumulate([ticket.rows for ticket in jobs])]
    return [
        (ticket, starts[place])
        for place in drawn
        if (ticket := jobs[place]).share > 0.0
        and ticket.revision == revision
        and ticket.rows
        and place not in failures
    ]
