"""Which version answers a request: what an endpoint does with its traffic at one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from hythe.dataplane.spec import EndpointSpec
from hythe.dataplane.ticket import Ticket
from hythe.rollout.choose import choose
from hythe.rollout.plan import Arm
from hythe.rollout.sticky import Sticky, key_hash
from hythe.runtime.batch import Batch, RowReader

if TYPE_CHECKING:
    from hythe.dataplane.live import LiveVersion


class Routing:
    """A plan with the versions that it names, all there; replaced as a whole.

    A request is drawn by its sticky key, so that a key stays with its arm, or by its own id where the plan
    has no such key or the request none: no header, an anonymous caller, a missing value. `lone` answers all
    that name no version where nothing has to be drawn. `keyed` finds the key where that is in the rows.
    """

    __slots__ = ("_arms", "_header", "_of_key", "_sticky", "keyed", "lone", "plan", "revision", "versions")

    def __init__(self, spec: EndpointSpec, versions: Mapping[str, LiveVersion]) -> None:
        self.plan = plan = spec.plan
        self.versions = versions
        self.revision = spec.revision
        whole = sum(arm.weight for arm in plan.arms)
        self._arms = {arm.version: (versions[arm.version], arm.weight / whole) for arm in plan.arms}
        # Keys come again, and nothing here changes what arm they have.
        self._of_key = lru_cache(_REMEMBERED)(partial(_arm_of, plan.arms, self._arms))
        self._sticky = sticky = Sticky.parse(plan.sticky)
        self._header = sticky.name.encode() if sticky.kind == "header" else b""
        first = versions[plan.arms[0].version]
        self.lone = first if len(plan.arms) == 1 and not sticky else None
        self.keyed = Keyed(self, first.reader, sticky.name) if sticky.kind == "feature" else None

    def draw(self, ticket: Ticket) -> LiveVersion:
        """Draw the arm of a ticket that names no version, by what is known before its rows are read."""
        ask = ticket.ask
        if self._header:
            return self.drawn(ticket, ask.headers.get(self._header))
        return self.drawn(ticket, ask.caller.name if self._sticky.kind == "caller" else None)

    def drawn(self, ticket: Ticket, value: str | bytes | None) -> LiveVersion:
        """Draw the arm of a ticket by the value of its key, which has to be there, else by its id.

        The ticket notes the key's hash and the arm's share of the traffic.
        """
        if value:
            ticket.key, (live, ticket.share) = self._of_key(value)
        else:
            live, ticket.share = self._arms[choose(self.plan.arms, ticket.id).version]
        return live


_REMEMBERED = 4096
_Lives: TypeAlias = "Mapping[str, tuple[LiveVersion, float]]"


def _arm_of(arms: Sequence[Arm], lives: _Lives, value: str | bytes) -> tuple[str, tuple[LiveVersion, float]]:
    """Give the hash of a key, and its arm with the arm's share."""
    key = key_hash(value if isinstance(value, str) else value.decode("utf-8", "backslashreplace"))
    return key, lives[choose(arms, key).version]


class Keyed:
    """Finds a ticket's key in its first row, which `reader`, the first arm's, has read.

    What that cannot read is refused whichever arm would answer, and counts for the one that was drawn by the
    request's id. An arm that reads its rows otherwise reads them again.
    """

    __slots__ = ("_get", "_name", "_routing", "reader")

    def __init__(self, routing: Routing, reader: RowReader, name: str) -> None:
        self.reader = reader
        self._routing = routing
        self._name = name
        self._get: Callable[[Any], Any] = attrgetter(reader.fields[name])

    def draw(self, ticket: Ticket, batch: Batch) -> LiveVersion:
        """Draw the arm of a ticket with these rows."""
        value = self._first(batch)
        missing = value is None or value != value  # noqa: PLR0124 - only NaN differs
        return self._routing.drawn(ticket, None if missing else str(value))

    def _first(self, batch: Any) -> Any:
        if isinstance(batch, list):
            return self._get(batch[0]) if batch else None
        return batch.column(self._name)[0].as_py() if batch.num_rows else None
