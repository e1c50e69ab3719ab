"""Whose trace a request belongs to; headers as the W3C has them in its specification, or forbids them."""

from __future__ import annotations

import pytest

from hythe.dataplane.observe import Ids
from hythe.monitor.records.trace_context import Trace, sampled_trace, trace_id, trace_of

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ID = "017f22e2-79b0-7000-8000-ffffffffffff"


@pytest.mark.parametrize(
    ("header", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-03", True),
        (f"00-{TRACE}-{SPAN}-02", False),
        (f" 00-{TRACE}-{SPAN}-01 ", True),
        (f"cc-{TRACE}-{SPAN}-01", True),
        (f"cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like", True),
    ],
)
def test_a_header_names_the_trace_the_span_and_whether_it_is_sampled(header: str, sampled: bool) -> None:
    assert trace_of(header) == (Trace(TRACE, SPAN), sampled)
    assert (sampled_trace(header, ID, 1.0) is not None) == sampled


@pytest.mark.parametrize(
    "header",
    [
        "", "1", f"00-{TRACE}-{SPAN}", f"00-{TRACE}-{SPAN}-1", f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01", f"00-{TRACE}-{SPAN}-0g", f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01, 00-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01.more",
    ],
)  # fmt: skip
def test_what_is_no_header_counts_as_none(header: str) -> None:
    assert trace_of(header) is None
    assert sampled_trace(header, ID, 1.0) == Trace(ID.replace("-", ""))
    assert sampled_trace(header, ID, 0.0) is None


def test_the_log_knows_a_trace_that_is_not_recorded_here() -> None:
    assert trace_id(f"00-{TRACE}-{SPAN}-00", ID, 0.0) == TRACE
    assert trace_id("", ID, 1.0) == ID.replace("-", "")
    assert trace_id("", ID, 0.0) == ""


def test_a_request_without_an_id_begins_no_trace() -> None:
    assert sampled_trace("", "", 1.0) is None


@pytest.mark.parametrize("share", [0.01, 0.25, 0.9])
def test_the_share_of_real_ids_that_are_traced_is_what_was_asked_for(share: float) -> None:
    ids = Ids()
    n = 20_000
    taken = sum(sampled_trace("", ids.next(), share) is not None for _ in range(n))
    # Six standard deviations: one failure in 5e8 runs.
    assert abs(taken - n * share) < 6 * (n * share * (1 - share)) ** 0.5


def test_what_a_small_share_takes_a_larger_one_takes_too() -> None:
    ids = [Ids().next() for _ in range(2000)]
    small = {item for item in ids if sampled_trace("", item, 0.1)}
    large = {item for item in ids if sampled_trace("", item, 0.5)}
    assert small < large
