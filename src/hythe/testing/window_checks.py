"""What every catalog promises of observations: a list of named checks, as in `catalog_checks`."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.registry.windows import Delivery, JoinRecord, Stretch, WindowRecord
from hythe.testing.catalog_checks import Check, Open

HOUR = 3600


def a_delivery_is_stored_once(opened: Open) -> None:
    """Sent again, by this process or another, it changes nothing."""
    delivery = _delivery(1, _window(10), joins=[_join("a")])
    assert opened().observations.store(delivery)
    assert not opened().observations.store(delivery)
    assert len(opened().observations.read("churn")) == 1
    assert opened().observations.observed("server").positions == {"ring": 100}


def servers_count_their_deliveries_apart(opened: Open) -> None:
    """Take the same number from another server as another delivery."""
    observations = opened().observations
    assert observations.store(_delivery(1, _window(10)))
    assert observations.store(_delivery(1, _window(10), server="other"))
    assert observations.observed("nobody").sequence == 0
    assert len(observations.read("churn")) == 2


def windows_are_found_by_version_and_time(opened: Open) -> None:
    """Find a window that reaches into the time asked for, too."""
    observations = opened().observations
    observations.store(_delivery(1, _window(0, 60), _window(60), _window(61, version="2.0.0"), _window(70)))
    assert [window.start for window in observations.read("churn", since=59, until=61)] == [0, 60]
    assert [window.start for window in observations.read("churn", "2.0.0")] == [61]
    assert observations.read("fraud") == []
    assert observations.endpoints() == ["churn"]


def documents_come_back_as_they_were(opened: Open) -> None:
    """Whatever a newer Hythe wrote into them."""
    observations = opened().observations
    observations.store(_delivery(1, _window(5, document=b'{"new":[1,2]}')))
    assert [window.document for window in observations.read("churn")] == [b'{"new":[1,2]}']


def windows_are_replaced_whole_or_not_at_all(opened: Open) -> None:
    """Two processes that merge the same windows do not count them twice."""
    observations = opened().observations
    observations.store(_delivery(1, _window(0), _window(1), _window(HOUR)))
    [minute] = observations.crowded(60, before=60, most=10)
    short = observations.within(minute, 60)
    assert [window.start for window in short] == [0, 1]
    assert observations.replace(short, [_window(0, 60)])
    assert not observations.replace(short, [_window(0, 60)])
    assert [(window.start, window.period_s) for window in observations.read("churn")] == [(0, 60), (HOUR, 1)]


def periods_with_shorter_windows_are_found_from_the_oldest_on(opened: Open) -> None:
    """Find each once, whatever is in it, and go on behind one that was found."""
    observations = opened().observations
    seconds = [_window(at, version=version) for version in ("2.0.0", "1.0.0") for at in (65, 61, 3, 125)]
    observations.store(_delivery(1, *seconds, _window(180, 60), _window(HOUR, 60), _window(HOUR + 1)))
    found = observations.crowded(60, before=180, most=10)
    expected = [(start, "churn", version) for start in (0, 60, 120) for version in ("1.0.0", "2.0.0")]
    assert [tuple(stretch) for stretch in found] == expected
    assert observations.crowded(60, before=180, most=2, past=found[2]) == found[3:5]
    assert [stretch.start for stretch in observations.crowded(60, before=2 * HOUR, most=9, since=181)] == [
        HOUR
    ]
    hour = observations.within(Stretch(HOUR, "churn", "1.0.0"), 60)
    assert [(window.start, window.period_s) for window in hour] == [(HOUR, 60), (HOUR + 1, 1)]


def joins_are_found_by_prediction_id(opened: Open) -> None:
    """Find all parts of a request."""
    observations = opened().observations
    records = [_join("a", first=2), _join("a"), _join("b")]
    observations.store(_delivery(1, joins=records))
    observations.store(_delivery(2, joins=records))
    assert observations.joined(["a", "c"]) == [_join("a"), _join("a", first=2)]


def what_is_old_is_forgotten(opened: Open) -> None:
    """Windows by their end, joins by their time."""
    observations = opened().observations
    observations.store(_delivery(1, _window(0, 60), _window(59, 2), joins=[_join("a", at_ns=5 * 10**9)]))
    assert observations.forget(windows_before=60, joins_before=6) == 2
    assert [window.start for window in observations.read("churn")] == [59]
    assert observations.joined(["a"]) == []


def _window(
    start: int, period_s: int = 1, *, version: str = "1.0.0", document: bytes = b"{}"
) -> WindowRecord:
    return WindowRecord("churn", version, start, period_s, document)


def _join(name: str, *, first: int = 0, at_ns: int = 10**18) -> JoinRecord:
    return JoinRecord(name, first, 2, at_ns, "churn", "1.0.0", '{"share":1.0}')


def _delivery(
    sequence: int, *windows: WindowRecord, joins: Sequence[JoinRecord] = (), server: str = "server"
) -> Delivery:
    return Delivery(server, sequence, 10**9, {"ring": 100 * sequence}, windows, tuple(joins))


CHECKS: Sequence[Check] = (
    a_delivery_is_stored_once,
    servers_count_their_deliveries_apart,
    windows_are_found_by_version_and_time,
    documents_come_back_as_they_were,
    windows_are_replaced_whole_or_not_at_all,
    periods_with_shorter_windows_are_found_from_the_oldest_on,
    joins_are_found_by_prediction_id,
    what_is_old_is_forgotten,
)
