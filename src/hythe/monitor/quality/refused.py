"""Requests that were refused because their rows do not fit the schema: how many, and what was wrong."""

from __future__ import annotations

from collections.abc import Iterator

from hythe.monitor.finding import Finding
from hythe.monitor.period import Period
from hythe.monitor.quality.subjects import percent
from hythe.monitor.windows.window import Window
from hythe.statistics.clopper_pearson import rate_bounds

LIMIT = 0.01
"""The share of the requests of which it has to be sure that it is exceeded."""
CHANCE = 1e-9
"""How often a share that is within its limit is taken for one beyond it, at most."""
REASONS = ("invalid", "malformed", "media_type", "too_large")
"""The codes of refusals that say something of the data; others are about who asks, and how often."""
_WORDS = {
    "missing_column": "lack the column {0}",
    "unknown_column": "have columns that the model does not take",
    "renamed_column": "have no {0}, but one of a similar name",
    "missing": "miss the value of {0}",
    "type": "have a {0} of another type",
    "number_as_text": "have {0} as text that spells a number",
    "decimal_comma": "write {0} with a decimal comma",
    "thousands": "write {0} with separators between thousands",
    "unit": "write {0} with a unit behind it",
    "date_format": "write {0} as a date or time in another format",
    "limit": "have a {0} beyond its limits",
    "category": "have a {0} that is none of its categories",
    "shape": "have a {0} of another shape",
    "document": "are not built as rows or columns",
}


class Refused:
    """Says which share of the requests was refused for its data, by what was wrong with which column.

    It has no p-value to be judged, for nothing says how many wrong requests are normal. It alarms where even
    the lower end of the share's interval is above 1%; if in truth 1% or fewer of the requests are wrong, one
    by one, that happens in one of 1e9 periods (Clopper & Pearson 1934). What comes in bursts from one caller
    is no chance, and worth an alarm.
    """

    name = "refused"
    of_requests = True

    def look(self, period: Period) -> Iterator[Finding]:
        """Give a finding for all requests together, and one for each kind of fault and column."""
        window = period.window
        n = sum(window.requests.values())
        if not n:
            return
        refused = sum(window.requests.get(f"refused:{reason}", 0) for reason in REASONS)
        yield _all(window, refused, n)
        for label, count in sorted(window.faults.items(), key=lambda pair: (-pair[1], pair[0])):
            kind, _, column = label.partition(":")
            yield _one(kind, column, min(count, n), n)


def _all(window: Window, refused: int, n: int) -> Finding:
    share = refused / n
    low, high = rate_bounds(refused, n, CHANCE)
    most = max(window.faults, key=lambda label: window.faults[label], default="")
    hint = f"; most often they {_words(*most.split(':', 1))}" if most else ""
    return Finding(
        kind="quality",
        check="refused",
        subject="requests",
        verdict="alarm" if low > LIMIT else "ok",
        message=f"{percent(share)} of {n} requests were refused for their data{hint}",
        value=share,
        limit=LIMIT,
        unit="share",
        low=low,
        high=high,
        n=n,
        details={"faults": dict(window.faults)},
    )


def _one(kind: str, column: str, count: int, n: int) -> Finding:
    low, high = rate_bounds(count, n, CHANCE)
    return Finding(
        kind="quality",
        check=kind,
        subject=f"feature:{column}" if column else "requests",
        verdict="alarm" if low > LIMIT else "ok",
        message=f"{percent(count, n)} of {n} requests {_words(kind, column)}; mend the caller, or pack a "
        "model that takes it",
        value=count / n,
        limit=LIMIT,
        unit="share",
        low=low,
        high=high,
        n=n,
    )


def _words(kind: str, column: str = "") -> str:
    return _WORDS.get(kind, f"are wrong by {kind} in {{0}}").format(column or "a column")
