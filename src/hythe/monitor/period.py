"""What a check is given, and what it gives back: p-values to be judged together, or findings of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from hythe.bundle.baseline import Baseline
from hythe.bundle.schema import Schema
from hythe.monitor.finding import Finding, Kind
from hythe.monitor.windows.window import Window

if TYPE_CHECKING:
    from hythe.monitor.drift.normal import Normal


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One version's window, merged over shares and revisions, with what it is compared with.

    `normal` is what variation between windows was learned to be normal; None where nothing was learned.
    """

    window: Window
    baseline: Baseline
    schema: Schema
    normal: Normal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A test's result, which the judge turns into a finding together with all others of the period.

    `p_value` is valid by itself: under the null P(p <= x) is at most x for every x. `fine` and `found` are
    the sentences of the two verdicts. `share` is how much of the error it has for its weight: less for what
    another test of the same subject sees, too. The other fields are those of `Finding`.
    """

    kind: Kind
    check: str
    subject: str
    p_value: float
    fine: str
    found: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    weight: float = 1.0
    share: float = 1.0
    n: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)


def split(found: Iterable[Candidate | Finding]) -> tuple[list[Candidate], list[Finding]]:
    """Set apart what waits for the judge, and what needs none."""
    every = list(found)
    candidates = [each for each in every if isinstance(each, Candidate)]
    return candidates, [each for each in every if isinstance(each, Finding)]


class Check(Protocol):
    """Something that looks at a period: an entry point in the group `hythe.monitor_checks`.

    One with an attribute `of_requests` that is true needs no rows: it looks at periods of few of them, too.
    """

    @property
    def name(self) -> str:
        """The name by which a policy leaves it out."""
        ...

    def look(self, period: Period) -> Iterable[Candidate | Finding]:
        """Give p-values to be judged with the others, and findings that need no judge."""
        ...
