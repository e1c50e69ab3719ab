"""Whose trace a request belongs to (W3C Trace Context, https://www.w3.org/TR/trace-context/)."""

from __future__ import annotations

import re
from typing import NamedTuple

from hythe.monitor.records.sample import sampled

_FORM = re.compile(r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
MOST_BYTES = 128
"""What a door keeps of a header; more than a valid one has, and less than a head may."""
_SAMPLED = 1


class Trace(NamedTuple):
    """A trace and the caller's span in it, as hexadecimal; `parent` is "" where the trace begins here."""

    id: str
    parent: str = ""


def trace_of(traceparent: str) -> tuple[Trace, bool] | None:
    """Read a `traceparent` header: the trace, and whether its caller samples it; None where it is none.

    >>> trace_of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    (Trace(id='4bf92f3577b34da6a3ce929d0e0e4736', parent='00f067aa0ba902b7'), True)
    """
    found = _FORM.fullmatch(traceparent.strip())
    if found is None:
        return None
    version, trace, parent, flags, more = found.groups()
    if version == "00" and more is not None:
        return None
    return Trace(trace, parent), bool(int(flags, 16) & _SAMPLED)


def trace_id(traceparent: str, prediction_id: str, share: float) -> str:
    """Give the id of a request's trace, whether its caller records it or not; "" where it is in none."""
    found = trace_of(traceparent) if traceparent else None
    trace = sampled_trace("", prediction_id, share) if found is None else found[0]
    return "" if trace is None else trace.id


def sampled_trace(traceparent: str, prediction_id: str, share: float) -> Trace | None:
    """Find the trace that a request is recorded in; None for most.

    Who sent a `traceparent` has decided already. Of the others a `share` is taken
    (`hythe.monitor.records.sample`), and such a trace has the prediction id's 32 digits as its id.

    >>> sampled_trace("", "017f22e2-79b0-7000-8080-000000000000", 0.5)
    Trace(id='017f22e279b070008080000000000000', parent='')
    >>> sampled_trace("", "017f22e2-79b0-7000-8000-000000000000", 0.5)
    """
    if traceparent:
        found = trace_of(traceparent)
        if found is not None:
            return found[0] if found[1] else None
    if not prediction_id or not sampled(prediction_id, share):
        return None
    return Trace(prediction_id.replace("-", ""))
