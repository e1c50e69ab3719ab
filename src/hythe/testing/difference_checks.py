"""What every catalog promises of what shadows answered otherwise: named checks, as in `catalog_checks`."""

from __future__ import annotations

from collections.abc import Sequence

from hythe.registry.differences import MOST, DifferenceRecord
from hythe.registry.windows import Delivery
from hythe.testing.catalog_checks import Check, Open


def the_worst_come_first(opened: Open) -> None:
    """Those of one size by their ids."""
    _store(
        opened, 1, _difference("a", 0.2), _difference("b", 1.5), _difference("d", 0.9), _difference("c", 0.9)
    )
    found = opened().differences.read("churn", "1.1.0")
    assert [one.id for one in found] == ["b", "c", "d", "a"]
    assert found[0] == _difference("b", 1.5)
    assert [one.id for one in opened().differences.read("churn", "1.1.0", most=1)] == ["b"]


def only_the_worst_are_kept(opened: Open) -> None:
    """Of all deliveries together, and of each version and revision by itself."""
    numbers = range(MOST + 10)
    for sequence, part in enumerate((numbers[::2], numbers[1::2]), start=1):
        _store(opened, sequence, *[_difference(f"{number:02}", number / 100) for number in part])
    _store(opened, 3, _difference("x", 0.0, version="1.2.0"), _difference("y", 0.0, revision=8))
    kept = [f"{number:02}" for number in reversed(numbers)][:MOST]
    differences = opened().differences
    assert [one.id for one in differences.read("churn", "1.1.0", revisions=[7])] == kept
    assert [one.id for one in differences.read("churn", "1.2.0")] == ["x"]
    assert [one.id for one in differences.read("churn", revisions=[8])] == ["y"]
    assert differences.read("fraud") == []


def one_that_is_delivered_twice_stands_once(opened: Open) -> None:
    """Take the same difference again: a sidecar that died may bring it twice."""
    _store(opened, 1, _difference("a", 0.2))
    _store(opened, 2, _difference("a", 0.2), _difference("b", 0.1))
    assert [one.id for one in opened().differences.read("churn")] == ["a", "b"]


def old_differences_are_forgotten(opened: Open) -> None:
    """By when they were seen."""
    _store(opened, 1, _difference("a", 0.2, at_ns=5), _difference("b", 0.1, at_ns=6))
    assert opened().differences.forget(6) == 1
    assert [one.id for one in opened().differences.read("churn")] == ["b"]
    assert opened().differences.forget(6) == 0


def _difference(
    name: str, size: float, *, version: str = "1.1.0", revision: int = 7, at_ns: int = 10**18
) -> DifferenceRecord:
    return DifferenceRecord("churn", revision, version, name, size, at_ns, '{"kind":"moved"}')


def _store(opened: Open, sequence: int, *records: DifferenceRecord) -> None:
    assert opened().observations.store(Delivery("server", sequence, 10**9, {}, differences=records))


CHECKS: Sequence[Check] = (
    the_worst_come_first,
    only_the_worst_are_kept,
    one_that_is_delivered_twice_stands_once,
    old_differences_are_forgotten,
)
