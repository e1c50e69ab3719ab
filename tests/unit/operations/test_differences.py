"""The worst that a shadow answered otherwise, as people see it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hythe.base.errors import Corrupt
from hythe.monitor.windows.shadows import Disagreement
from hythe.operations.differences import WorstRow, stored_difference, tidy_differences, worst
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.registry.windows import Delivery

DOCUMENT = (
    '{"kind":"changed","row":2,"champion":"1.0.0","answer":{"label":"yes"},"shadow_answer":{"label":"no"},'
    '"features":{"x":0.5},"reason":""}'
)


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    found = Catalog(Database("sqlite://"))
    yield found
    found.close()


def put(catalog: Catalog, document: str) -> None:
    found = Disagreement(1.2, "id:2", "churn", 7, "1.1.0", 10**18, document)
    catalog.observations.store(Delivery("server", 1, 10**9, {}, differences=(stored_difference(found),)))


def test_both_answers_and_the_row_are_given(catalog: Catalog) -> None:
    put(catalog, DOCUMENT)
    assert worst(catalog, "churn", "1.1.0") == [
        WorstRow(
            id="id:2",
            kind="changed",
            size=1.2,
            revision=7,
            at_ns=10**18,
            champion="1.0.0",
            answer={"label": "yes"},
            shadow_answer={"label": "no"},
            features={"x": 0.5},
        )
    ]
    assert worst(catalog, "churn", "1.1.0", revisions=[8]) == []


def test_one_that_cannot_be_read_is_named(catalog: Catalog) -> None:
    put(catalog, "[]")
    with pytest.raises(Corrupt, match="id:2"):
        worst(catalog, "churn", "1.1.0")


def test_differences_are_kept_for_a_month(catalog: Catalog) -> None:
    put(catalog, DOCUMENT)
    day_ns = 86400 * 10**9
    assert tidy_differences(catalog, 10**18 + 30 * day_ns) == 0
    assert tidy_differences(catalog, 10**18 + 30 * day_ns + 1) == 1
    assert worst(catalog, "churn", "1.1.0") == []
