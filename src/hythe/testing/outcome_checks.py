"""What every catalog promises of feedback and outcomes: a list of named checks, as in `catalog_checks`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hythe.registry.feedback import FeedbackCounts, FeedbackRecord
from hythe.registry.outcomes import OutcomeRecord, OutcomeSum
from hythe.registry.windows import Delivery, JoinRecord
from hythe.testing.catalog_checks import Check, Open

_S = 10**9


def outcomes_are_summed_by_version_share_and_revision(opened: Open) -> None:
    """Count requests, totals and squares of one metric of one endpoint."""
    _store(
        opened,
        _outcome("a", 0.5),
        _outcome("b", 2.0),
        _outcome("c", 4.0, version="2.0.0", share=0.25),
        _outcome("d", 8.0, revision=2),
        _outcome("e", 16.0, revision=3),
        _outcome("f", 32.0, metric="value:visits"),
        _outcome("g", 64.0, endpoint="fraud"),
    )
    assert opened().outcomes.sums("churn", "value:revenue", [1, 2]) == [
        OutcomeSum("1.0.0", 0.75, 1, 2, 2.5, 4.25, 8.125),
        OutcomeSum("1.0.0", 0.75, 2, 1, 8.0, 64.0, 512.0),
        OutcomeSum("2.0.0", 0.25, 1, 1, 4.0, 16.0, 64.0),
    ]
    assert opened().outcomes.sums("churn", "value:revenue", []) == []


def values_are_clipped_to_bounds_and_scaled(opened: Open) -> None:
    """Take the lower bound for 0 and the upper one for 1."""
    _store(opened, *(_outcome(f"r{value}", value) for value in (-5.0, 10.0, 12.5, 20.0, float("inf"))))
    [found] = opened().outcomes.sums("churn", "value:revenue", [1], bounds=(10, 20))
    assert (found.n, found.total, found.squares) == (5, 0.0 + 0.0 + 0.25 + 1.0 + 1.0, 0.0625 + 2.0)


def values_beyond_all_measure_still_add_up(opened: Open) -> None:
    """Take infinity, and what has no cube, for a very great number."""
    _store(opened, *(_outcome(f"r{value}", value) for value in (float("inf"), -1e300, 1.0)))
    [found] = opened().outcomes.sums("churn", "value:revenue", [1])
    assert (found.n, abs(found.total) <= 1.0) == (3, True)
    assert 1e199 < found.squares < float("inf")


def values_above_a_threshold_are_counted(opened: Open) -> None:
    """Turn durations into whether they exceed a quantile; the threshold itself does not."""
    _store(opened, *(_outcome(f"r{value}", value, metric="latency") for value in (0.1, 0.2, 0.3)))
    [found] = opened().outcomes.sums("churn", "latency", [1], above=0.2)
    assert (found.n, found.total, found.squares) == (3, 1.0, 1.0)


def a_key_counts_once_with_its_first_record(opened: Open) -> None:
    """Take the lowest revision, then the earliest; whoever has no key counts by the request."""
    _store(
        opened,
        _outcome("b", 1.0, key="k1", predicted_ns=20),
        _outcome("a", 2.0, key="k1", predicted_ns=30),
        _outcome("c", 4.0, key="k1", revision=2, version="2.0.0", predicted_ns=10),
        _outcome("d", 8.0, key="k2", revision=2, version="2.0.0", predicted_ns=50),
        _outcome("e", 16.0, predicted_ns=60),
        _outcome("f", 32.0, predicted_ns=60),
    )
    found = opened().outcomes.sums("churn", "value:revenue", [1, 2], by_key=True)
    assert [(item.version, item.revision, item.n, item.total) for item in found] == [
        ("1.0.0", 1, 3, 1.0 + 16.0 + 32.0),
        ("2.0.0", 2, 1, 8.0),
    ]
    [later] = opened().outcomes.sums("churn", "value:revenue", [2], by_key=True)
    assert (later.n, later.total) == (2, 12.0)


def a_request_counts_once_however_many_rows_it_has(opened: Open) -> None:
    """Take its first row that has the metric: rows that came together are no units of their own."""
    _store(opened, _outcome("a", 1.0, row=2), _outcome("a", 2.0, row=1), _outcome("b", 4.0, row=7))
    [found] = opened().outcomes.sums("churn", "value:revenue", [1])
    assert (found.n, found.total) == (2, 6.0)


def predictions_and_tellings_that_came_late_are_left_out(opened: Open) -> None:
    """Compare arms whose labels had equally long to come."""
    _store(
        opened,
        _outcome("a", 1.0, key="k", predicted_ns=10, told_ns=30),
        _outcome("b", 2.0, key="k", predicted_ns=20, told_ns=21),
        _outcome("c", 4.0, predicted_ns=30, told_ns=40),
        _outcome("d", 8.0, predicted_ns=31, told_ns=32),
    )

    def total(**options: Any) -> float:
        return sum(item.total for item in opened().outcomes.sums("churn", "value:revenue", [1], **options))

    assert total(matured_before_ns=30) == 7.0
    assert total(within_ns=10) == 14.0
    assert total(by_key=True) == 13.0
    assert total(by_key=True, within_ns=10) == 14.0
    assert total(matured_before_ns=9) == 0


def old_outcomes_are_forgotten(opened: Open) -> None:
    """By the time of the prediction."""
    _store(opened, _outcome("a", 1.0, predicted_ns=10), _outcome("b", 2.0, predicted_ns=11))
    assert opened().outcomes.forget(11) == 1
    assert opened().outcomes.forget(11) == 0
    [found] = opened().outcomes.sums("churn", "value:revenue", [1])
    assert found.total == 2.0


def feedback_is_looked_at_once(opened: Open) -> None:
    """Give what is new, and what joined no more."""
    opened().feedback.put([_told("a"), _told("b", part="value:revenue")])
    _join(opened, "a", "b")
    looked = {record: [_outcome(record.id, 1.0)] for record in opened().feedback.new()}
    assert opened().feedback.settle(looked) == 2
    assert opened().feedback.settle(looked) == 0
    assert opened().feedback.new() == []
    assert opened().feedback.counts("churn") == FeedbackCounts(joined=2)
    [found] = opened().outcomes.sums("churn", "value:revenue", [1])
    assert found.n == 2


def feedback_waits_for_its_prediction(opened: Open) -> None:
    """Look at it again when the join record has come, and not before."""
    opened().feedback.put([_told("a", row=3), _told("b", row=3)])
    opened().feedback.settle(dict.fromkeys(opened().feedback.new()))
    assert opened().feedback.new() == []
    assert opened().feedback.counts("churn") == FeedbackCounts(waiting=2)
    _join(opened, "b", first=2)
    assert [record.id for record in opened().feedback.new()] == ["b"]


def what_changed_while_it_was_looked_at_stays_new(opened: Open) -> None:
    """Be it that it was corrected, or that its prediction came."""
    opened().feedback.put([_told("a", "1", 10), _told("b", "1", 10)])
    looked = sorted(opened().feedback.new(), key=lambda record: record.id)
    opened().feedback.put([_told("a", "0", 20)])
    _join(opened, "b")
    assert opened().feedback.settle({looked[0]: [_outcome("a", 1.0)], looked[1]: None}) == 0
    assert {record.id: record.value for record in opened().feedback.new()} == {"a": "0", "b": "1"}
    assert opened().outcomes.sums("churn", "value:revenue", [1]) == []


def the_newest_telling_stands_whatever_came_first(opened: Open) -> None:
    """Keep when the part was first told of, and leave the other parts alone."""
    tellings = [_told("a", "1", 10), _told("a", "2", 30), _told("a", "3", 20)]
    revenue = _told("a", "9.5", 5, part="value:revenue")
    for name, order in (("x", (0, 1, 2)), ("y", (2, 1, 0)), ("z", (1, 1, 2, 0))):
        opened().feedback.put([*(tellings[place] for place in order), revenue])
        found = {record.part: record for record in opened().feedback.new()}
        outcome = found["outcome"]
        assert (name, outcome.value, outcome.at_ns, outcome.told_ns) == (name, "2", 30, 10)
        assert found["value:revenue"] == revenue
        opened().feedback.settle({record: [] for record in found.values()})


def corrected_feedback_replaces_its_outcomes(opened: Open) -> None:
    """One value for each row and metric."""
    for value in (1.0, 5.0):
        opened().feedback.put([_told("a", str(value), int(value))])
        opened().feedback.settle({record: [_outcome("a", value)] for record in opened().feedback.new()})
    [found] = opened().outcomes.sums("churn", "value:revenue", [1])
    assert (found.n, found.total) == (1, 5.0)


def orphans_are_counted_when_they_are_removed(opened: Open) -> None:
    """Once for each row, however much was told of it."""
    opened().feedback.put(
        [_told("a", at_ns=5), _told("a", at_ns=5, part="value:x"), _told("b", at_ns=15), _told("c", at_ns=4)]
    )
    _join(opened, "c")
    made: dict[FeedbackRecord, list[OutcomeRecord] | None] = dict.fromkeys(opened().feedback.new())
    made |= {item: [] for item in made if item.id == "c"}
    opened().feedback.settle(made)
    assert opened().feedback.forget(joined_before_ns=0, waiting_before_ns=10) == {"churn": 1}
    assert opened().feedback.forget(joined_before_ns=0, waiting_before_ns=10) == {}
    assert opened().feedback.counts("churn") == FeedbackCounts(joined=1, waiting=1, orphans=1)
    assert opened().feedback.forget(joined_before_ns=5, waiting_before_ns=20) == {"churn": 1}
    assert opened().feedback.counts("churn") == FeedbackCounts(orphans=2)
    assert opened().feedback.counts("fraud") == FeedbackCounts()


def _outcome(name: str, value: float, **others: Any) -> OutcomeRecord:
    plain = OutcomeRecord(name, 0, "value:revenue", value, "churn", "1.0.0", 1, 0.75, "", 1, 2)
    return msgspec.structs.replace(plain, **others)


def _told(
    name: str, value: str = '"yes"', at_ns: int = 1, *, row: int = 0, part: str = "outcome"
) -> FeedbackRecord:
    return FeedbackRecord(name, row, "churn", part, value, at_ns, at_ns)


def _store(opened: Open, *outcomes: OutcomeRecord) -> None:
    opened().observations.store(Delivery("server", 1, 1, {}, outcomes=outcomes))


def _join(opened: Open, *names: str, first: int = 0) -> None:
    joins = tuple(JoinRecord(name, first, 2, _S, "churn", "1.0.0", "{}") for name in names)
    opened().observations.store(Delivery("".join(names), 1, 1, {}, joins=joins))


CHECKS: Sequence[Check] = (
    outcomes_are_summed_by_version_share_and_revision,
    values_are_clipped_to_bounds_and_scaled,
    values_beyond_all_measure_still_add_up,
    values_above_a_threshold_are_counted,
    a_key_counts_once_with_its_first_record,
    a_request_counts_once_however_many_rows_it_has,
    predictions_and_tellings_that_came_late_are_left_out,
    old_outcomes_are_forgotten,
    feedback_is_looked_at_once,
    feedback_waits_for_its_prediction,
    what_changed_while_it_was_looked_at_stays_new,
    the_newest_telling_stands_whatever_came_first,
    corrected_feedback_replaces_its_outcomes,
    orphans_are_counted_when_they_are_removed,
)
