"""Feedback meets its prediction, and becomes outcomes of the arm that answered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

from hythe.base.errors import Invalid
from hythe.monitor.outcomes.expected import Expected
from hythe.monitor.outcomes.feedback import Item, Telling
from hythe.monitor.outcomes.join import Join
from hythe.operations.feedback.match import Keeping, match, tidy_feedback
from hythe.operations.feedback.records import feedback_records
from hythe.operations.windows import stored_join
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.registry.feedback import FeedbackCounts
from hythe.registry.outcomes import OutcomeSum
from hythe.registry.windows import Delivery, JoinRecord

ID = "017f22e2-79b0-7000-8000-000000000000"
DAY_NS = 86400 * 10**9


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    made = Catalog(Database("sqlite://"))
    yield made
    made.close()


def tell(catalog: Catalog, *items: Item, at_ns: int = 50, endpoint: str = "churn") -> None:
    telling = Telling([Expected("any")])
    telling.add(items)
    catalog.feedback.put(feedback_records(endpoint, telling.told, at_ns))


def answered(first: int = 0, endpoint: str = "churn") -> JoinRecord:
    """Make the join record of three rows: two for `yes`, one for `no`."""
    outputs: dict[str, list[Any]] = {
        "label": ["yes", "yes", "no"],
        "probabilities": [[0.2, 0.8], [0.4, 0.6], [0.9, 0.1]],
    }
    classes = {"probabilities": ["no", "yes"]}
    return stored_join(
        Join(ID, first, 3, 10, endpoint, "1.1.0", 0.25, "k1", degraded=False, outputs=outputs, revision=7,
             classes=classes)
    )  # fmt: skip


def deliver(catalog: Catalog, *joins: JoinRecord, server: str = "server") -> None:
    catalog.observations.store(Delivery(server, 1, 1, {}, joins=joins))


def totals(catalog: Catalog, metric: str) -> list[OutcomeSum]:
    return catalog.outcomes.sums("churn", metric, [7])


def test_an_outcome_is_scored_against_its_own_row(catalog: Catalog) -> None:
    deliver(catalog, answered(first=5))
    tell(catalog, Item(ID, 6, "no"))
    assert match(catalog, 1.0).joined == 1
    assert totals(catalog, "accuracy") == [OutcomeSum("1.1.0", 0.25, 7, 1, 0.0, 0.0, 0.0)]
    [brier] = totals(catalog, "brier")
    assert brier.total == pytest.approx(0.36)
    assert catalog.outcomes.sums("churn", "accuracy", [7], within_ns=40)
    assert not catalog.outcomes.sums("churn", "accuracy", [7], within_ns=39)


def test_business_values_are_outcomes_of_their_own(catalog: Catalog) -> None:
    deliver(catalog, answered())
    tell(catalog, Item(ID, 0, None, {"revenue": 12.5}))
    assert match(catalog, 1.0).joined == 1
    assert totals(catalog, "value:revenue") == [OutcomeSum("1.1.0", 0.25, 7, 1, 12.5, 156.25, 1953.125)]
    assert totals(catalog, "accuracy") == []


def test_feedback_that_comes_first_waits_for_its_prediction(catalog: Catalog) -> None:
    tell(catalog, Item(ID, 0, "yes"))
    assert match(catalog, 1.0).joined == 0
    assert catalog.feedback.counts("churn") == FeedbackCounts(waiting=1)
    deliver(catalog, answered())
    assert match(catalog, 1.0).joined == 1
    assert catalog.feedback.counts("churn") == FeedbackCounts(joined=1)
    assert totals(catalog, "accuracy")[0].total == 1.0


def test_a_correction_replaces_what_was_told(catalog: Catalog) -> None:
    deliver(catalog, answered())
    for at_ns, outcome in ((50, "yes"), (60, "no")):
        tell(catalog, Item(ID, 0, outcome), at_ns=at_ns)
        match(catalog, 1.0)
    assert totals(catalog, "accuracy") == [OutcomeSum("1.1.0", 0.25, 7, 1, 0.0, 0.0, 0.0)]


def test_a_row_that_the_request_did_not_have_waits(catalog: Catalog) -> None:
    deliver(catalog, answered())
    tell(catalog, Item(ID, 3, "yes"))
    assert match(catalog, 1.0).joined == 0
    assert catalog.feedback.counts("churn") == FeedbackCounts(waiting=1)


def test_nobody_tells_of_another_endpoints_predictions(catalog: Catalog) -> None:
    deliver(catalog, answered())
    tell(catalog, Item(ID, 0, "no"), endpoint="fraud")
    tell(catalog, Item(ID, 0, "yes"))
    assert match(catalog, 1.0).joined == 1
    assert catalog.feedback.counts("fraud") == FeedbackCounts(waiting=1)
    assert totals(catalog, "accuracy")[0].total == 1.0


def test_a_join_record_that_cannot_be_read_stops_nobody(catalog: Catalog) -> None:
    broken = JoinRecord(ID, 0, 1, 10, "churn", "1.1.0", "{}", 7)
    deliver(catalog, broken)
    tell(catalog, Item(ID, 0, "yes"))
    assert match(catalog, 1.0).joined == 1
    assert catalog.feedback.new() == []
    assert totals(catalog, "accuracy") == []


def test_all_is_joined_in_the_time_that_there_is(catalog: Catalog) -> None:
    deliver(catalog, answered())
    tell(catalog, *(Item(ID, row, "yes", {"a": 1.0}) for row in range(1200)))
    ticks = iter((0.0, 0.5, 1.0, 1.5, 2.0, 2.5))
    assert match(catalog, 1.0, clock=lambda: next(ticks)).more
    assert len(catalog.feedback.new(5000)) == 2400 - 1000
    assert not match(catalog, 60.0).more
    assert catalog.feedback.counts("churn") == FeedbackCounts(joined=3, waiting=1197)


def test_what_waited_too_long_is_an_orphan(catalog: Catalog) -> None:
    deliver(catalog, answered())
    tell(catalog, Item(ID, 0, "yes"), Item(ID, 9, "yes"))
    match(catalog, 1.0)
    keeping = Keeping(waiting_days=2, joined_days=3, outcomes_days=4)
    assert tidy_feedback(catalog, 2 * DAY_NS + 50, keeping) == {}
    assert tidy_feedback(catalog, 2 * DAY_NS + 51, keeping) == {"churn": 1}
    assert catalog.feedback.counts("churn") == FeedbackCounts(joined=1, orphans=1)
    assert tidy_feedback(catalog, 4 * DAY_NS + 10, keeping) == {}
    assert catalog.feedback.counts("churn") == FeedbackCounts(orphans=1)
    assert totals(catalog, "accuracy") != []
    tidy_feedback(catalog, 4 * DAY_NS + 11, keeping)
    assert totals(catalog, "accuracy") == []


def test_keeping_nothing_is_refused() -> None:
    with pytest.raises(Invalid, match="give 1 or more"):
        Keeping(waiting_days=0)


def test_several_servers_match_one_catalog_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    servers = [Catalog(Database(url)) for _ in range(3)]
    deliver(servers[0], answered())
    tell(servers[0], *(Item(ID, row, "yes", {"revenue": 1.0}) for row in range(900)))
    joined: list[int] = []
    start = Barrier(len(servers))

    def work(catalog: Catalog) -> None:
        start.wait(10.0)
        while (found := match(catalog, 0.0)).more:
            joined.append(found.joined)

    threads = [Thread(target=work, args=(catalog,)) for catalog in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)
    assert sum(joined) == 6
    assert servers[0].feedback.counts("churn") == FeedbackCounts(joined=3, waiting=897)
    assert totals(servers[0], "accuracy") == [OutcomeSum("1.1.0", 0.25, 7, 1, 1.0, 1.0, 1.0)]
    for catalog in servers:
        catalog.close()
