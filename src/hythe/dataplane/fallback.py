"""Who answers when a version cannot: another version, an answer that is still stored, a constant."""

from __future__ import annotations

from collections.abc import Mapping

from hythe.dataplane.constant import constant_answers
from hythe.dataplane.live import LiveVersion
from hythe.dataplane.observe import Observer
from hythe.dataplane.ticket import Answered, Ticket
from hythe.monitor.records.call import DEGRADED
from hythe.rollout.choose import choose
from hythe.rollout.plan import Plan


def fall_back(plan: Plan, versions: Mapping[str, LiveVersion], ticket: Ticket, observer: Observer) -> bool:
    """Have a ticket answered that `ticket.live` could not answer; false when nothing can.

    First come the versions of the plan's chain that follow, then what is stored of the chosen version and of
    the chain for the same rows, then the plan's constant. All but the first answer before this returns. One
    whose client went away is not answered any more.
    """
    if ticket.cancelled:
        return False
    failed = ticket.live
    chain = plan.fallback
    tried = failed.spec.version
    for number in chain[chain.index(tried) + 1 :] if tried in chain else chain:
        live = versions.get(number)
        if live is not None and live.reader is failed.reader and live.ready:
            ticket.flags |= DEGRADED
            live.put(ticket)
            return True
    chosen = ticket.ask.version or choose(plan.arms, ticket.key or ticket.id).version
    for number in (chosen, *chain):
        live = versions.get(number)
        if live is not None and live.reader is failed.reader and live.cache and live.cache.took_stale(ticket):
            return True
    return plan.constant is not None and _constant(plan.constant, ticket, observer)


def _constant(constant: Mapping[str, object], ticket: Ticket, observer: Observer) -> bool:
    live = ticket.live
    ticket.flags |= DEGRADED
    answers = constant_answers(live.spec.schema.outputs, constant, ticket.rows)
    ticket.answered(Answered(live, answers), 0)
    observer.failed(ticket, live.spec.version, None)
    return True
