"""Predictions, feedback, repetitions and corrections give the same outcomes in any order."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hythe.monitor.outcomes.expected import Expected
from hythe.monitor.outcomes.feedback import Item, Telling
from hythe.monitor.outcomes.join import Join
from hythe.operations.feedback.match import match
from hythe.operations.feedback.records import feedback_records
from hythe.operations.windows import stored_join
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.registry.tables import outcomes
from hythe.registry.windows import Delivery

IDS = [f"017f22e2-79b0-7000-8000-00000000000{digit}" for digit in "012"]
TELLINGS = st.tuples(
    st.sampled_from(IDS),
    st.integers(0, 2),
    st.one_of(st.none(), st.floats(-5, 5)),
    st.dictionaries(st.sampled_from(["a", "b"]), st.floats(-5, 5), max_size=2),
    st.integers(1, 4),
).filter(lambda telling: telling[2] is not None or bool(telling[3]))


def outcomes_after(steps: list[Any]) -> list[Any]:
    """Take the steps in their order, matching after each; a step is a telling, or a request's first row."""
    database = Database("sqlite://")
    catalog = Catalog(database)
    for number, step in enumerate(steps, 1):
        if len(step) == 2:
            [name, first] = step
            outputs = {"value": [float(first), float(first) + 1.0]}
            join = Join(
                name, first, 2, 1, "churn", "1.0.0", 0.5, "", degraded=False, outputs=outputs, revision=3
            )
            catalog.observations.store(Delivery("server", number, 1, {}, joins=(stored_join(join),)))
        else:
            telling = Telling([Expected("number")])
            telling.add([Item(*step[:4])])
            catalog.feedback.put(feedback_records("churn", telling.told, step[4]))
        match(catalog, 1.0)
    with database.reading() as connection:
        columns = outcomes.c.id, outcomes.c.row, outcomes.c.metric, outcomes.c.value, outcomes.c.told_ns
        found = [tuple(row) for row in connection.execute(select(*columns))]
    catalog.close()
    return sorted(found)


def oracle(joins: list[tuple[str, int]], tellings: list[Any]) -> list[Any]:
    """Say by plain reading what should come out: the last telling of each part, the first one's time."""
    parts: dict[tuple[str, int, str], list[tuple[int, float]]] = {}
    for name, row, outcome, values, at_ns in tellings:
        told = {f"value:{key}": value for key, value in values.items()}
        told |= {} if outcome is None else {"outcome": outcome}
        for part, value in told.items():
            parts.setdefault((name, row, part), []).append((at_ns, value))
    found = []
    for (name, row, part), told_values in parts.items():
        if not any(name == joined and first <= row < first + 2 for joined, first in joins):
            continue
        value, told_ns = max(told_values)[1], min(told_values)[0]
        scored = {part: value}
        if part == "outcome":
            off = float(row) - value
            scored = {"absolute_error": abs(off), "squared_error": off * off}
        found += [(name, row, metric, number, told_ns) for metric, number in scored.items()]
    return sorted(found)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(TELLINGS, min_size=1, max_size=6, unique_by=lambda telling: (*telling[:2], telling[4])),
    st.sets(st.sampled_from(IDS), max_size=3),
    st.data(),
)
def test_any_order_gives_the_same_outcomes(
    tellings: list[Any], answered: set[str], data: st.DataObject
) -> None:
    joins = [(name, 0) for name in sorted(answered)]
    steps = data.draw(st.permutations([*tellings, *joins, tellings[0]]))
    assert outcomes_after(steps) == oracle(joins, tellings)
