"""Feedback in files and tables goes into the catalog whole, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hythe.base.errors import Invalid, NotFound
from hythe.bundle.schema import Output, Schema
from hythe.monitor.outcomes.join import Join
from hythe.operations.feedback.send import Sent, expectations, send_here, send_there, standing
from hythe.operations.feedback.tables import Names
from hythe.operations.windows import stored_join
from hythe.registry.outcomes import OutcomeSum
from hythe.registry.registry import Registry
from hythe.registry.windows import Delivery
from hythe.rollout.plan import Plan
from hythe.testing.versions import SCHEMA, add_version

ID = "017f22e2-79b0-7000-8000-00000000000{}"
COLUMNS: dict[str, list[Any]] = {
    "prediction_id": [ID.format(0), ID.format(1), ID.format(2)],
    "row": [0, 1, 0],
    "outcome": ["yes", "no", None],
    "revenue": [10.0, None, 2.5],
}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """Give a registry whose endpoint scoring answered two of the three predictions."""
    made = Registry.open(tmp_path / "home")
    record = add_version(made, "1.0.0")
    with made.catalog.edit(actor="ana") as tx:
        tx.put_plan("scoring", msgspec.to_builtins(Plan.of("1.0.0", record.digest)))
    outputs: dict[str, list[Any]] = {"label": ["yes", "yes"], "probabilities": [[0.1, 0.9], [0.2, 0.8]]}
    classes = {"probabilities": ["no", "yes"]}
    joins = tuple(
        stored_join(
            Join(ID.format(n), 0, 2, 1, "scoring", "1.0.0", 1.0, "", degraded=False, outputs=outputs,
                 revision=1, classes=classes)
        )
        for n in (0, 1)
    )  # fmt: skip
    made.catalog.observations.store(Delivery("server", 1, 1, {}, joins=joins))
    yield made
    made.close()


def _parquet(path: Path, columns: dict[str, list[Any]]) -> None:
    pq.write_table(pa.table(columns), path)


def _arrow(path: Path, columns: dict[str, list[Any]]) -> None:
    table = pa.table(columns)
    with pa.ipc.new_file(path, table.schema) as file:
        file.write_table(table)


def _csv(path: Path, columns: dict[str, list[Any]]) -> None:
    rows = zip(*columns.values(), strict=True)
    lines = [
        ",".join(columns),
        *(",".join("" if cell is None else str(cell) for cell in row) for row in rows),
    ]
    path.write_text("\n".join(lines) + "\n")


def _json_lines(path: Path, columns: dict[str, list[Any]]) -> None:
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    path.write_text("\n".join(map(json.dumps, rows)))


def _nested(path: Path, columns: dict[str, list[Any]]) -> None:
    values = [{"revenue": revenue} for revenue in columns["revenue"]]
    rows = {**{name: columns[name] for name in columns if name != "revenue"}, "values": values}
    items = [dict(zip(rows, row, strict=True)) for row in zip(*rows.values(), strict=True)]
    path.write_text(json.dumps({"feedback": items}))


WRITERS: dict[str, Callable[[Path, dict[str, list[Any]]], None]] = {
    "outcomes.parquet": _parquet,
    "outcomes.arrow": _arrow,
    "outcomes.csv": _csv,
    "outcomes.jsonl": _json_lines,
    "outcomes.json": _nested,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_is_stored_and_joined(registry: Registry, tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name, COLUMNS)
    sent = send_here(registry, "scoring", tmp_path / name, now_ns=lambda: 50)
    assert sent == Sent("scoring", 3, joined=2, waiting=1, orphans=0)
    sums = registry.catalog.outcomes.sums
    assert sums("scoring", "accuracy", [1]) == [OutcomeSum("1.0.0", 1.0, 1, 2, 1.0, 1.0, 1.0)]
    assert sums("scoring", "value:revenue", [1]) == [OutcomeSum("1.0.0", 1.0, 1, 1, 10.0, 100.0, 1000.0)]
    assert send_here(registry, "scoring", tmp_path / name, now_ns=lambda: 60) == sent
    assert standing(registry.catalog, "scoring") == Sent("scoring", 0, joined=2, waiting=1, orphans=0)


def test_columns_may_have_other_names(registry: Registry, tmp_path: Path) -> None:
    columns = {"key": COLUMNS["prediction_id"], "n": [0, 1, 0], "truth": ["yes"] * 3}
    table = pa.table({**columns, "junk": ["x"] * 3, "earned": [1, 2, 3]})
    names = Names(prediction_id="key", row="n", outcome="truth", values=("earned",))
    assert send_here(registry, "scoring", table, names).joined == 2
    with pytest.raises(Invalid, match="value 'junk' is 'x'; give a finite number"):
        send_here(registry, "scoring", table, Names(prediction_id="key", row="n", outcome="truth"))


def test_decimals_are_numbers_and_times_are_not(registry: Registry) -> None:
    revenue = pa.array([Decimal("12.50"), None], pa.decimal128(9, 2))
    table = pa.table(
        {"prediction_id": [ID.format(0), ID.format(1)], "outcome": ["yes"] * 2, "revenue": revenue}
    )
    assert send_here(registry, "scoring", table).joined == 2
    [found] = registry.catalog.outcomes.sums("scoring", "value:revenue", [1])
    assert (found.n, found.total) == (1, 12.5)
    never = table.set_column(2, "revenue", pa.array([2**62, 0], pa.timestamp("s")))
    with pytest.raises(Invalid, match=r"cells that cannot be read: .*; give text and numbers"):
        send_here(registry, "scoring", never)


def test_items_are_told_as_they_are(registry: Registry) -> None:
    assert (
        send_here(registry, "scoring", [{"prediction_id": f"{ID.format(1)}:1", "outcome": "no"}]).joined == 1
    )
    with pytest.raises(Invalid, match=r"feedback\[0\]: .*unknown field.*; give prediction_id"):
        send_here(registry, "scoring", [{"prediction_id": ID, "label": "no"}])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"outcome": ["yes", "no", "maybe"]}, "outcomes.parquet, row 3: outcome is 'maybe', a label that"),
        ({"outcome": [1, 0, 1]}, "outcomes.parquet, row 1: outcome is 1; give text"),
        ({"row": [0, -1, 0]}, "outcomes.parquet, row 2: row is -1"),
        ({"row": [0.0, 1.0, 1.5]}, "outcomes.parquet, row 3: row is 1.5"),
        ({"prediction_id": ["x", "y", "z"]}, "outcomes.parquet, row 1: prediction_id is 'x'; give the id"),
        ({"prediction_id": [1, 2, 3]}, "outcomes.parquet, row 1: prediction_id is 1; give the id"),
        ({"revenue": [1.0, float("nan"), 2.0]}, "outcomes.parquet, row 2: value 'revenue' is nan"),
        ({"outcome": [None] * 3, "revenue": [1.0, None, 2.0]}, "row 2: it tells nothing; give an 'outcome'"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_and_nothing_is_stored(
    registry: Registry, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    _parquet(tmp_path / "outcomes.parquet", COLUMNS | change)
    with pytest.raises(Invalid, match=said):
        send_here(registry, "scoring", tmp_path / "outcomes.parquet")
    assert standing(registry.catalog, "scoring") == Sent("scoring", 0, joined=0, waiting=0, orphans=0)


def test_a_fault_far_down_stores_nothing_of_what_is_above(registry: Registry) -> None:
    ids = [ID.format(0)] * 2000
    table = pa.table({"prediction_id": ids, "row": range(2000), "outcome": ["yes"] * 1999 + ["maybe"]})
    with pytest.raises(Invalid, match=r"feedback\[1999\]: outcome is 'maybe'"):
        send_here(registry, "scoring", table)
    assert standing(registry.catalog, "scoring").waiting == 0
    fine = table.slice(0, 1999)
    assert send_here(registry, "scoring", fine) == Sent("scoring", 1999, joined=2, waiting=1997, orphans=0)


def test_of_a_row_that_a_file_has_twice_the_last_counts(registry: Registry) -> None:
    ids = [ID.format(0), *[ID.format(2)] * 1000, ID.format(0)]
    table = pa.table({"prediction_id": ids, "outcome": ["yes", *["no"] * 1000, "no"]})
    send_here(registry, "scoring", table)
    [found] = registry.catalog.outcomes.sums("scoring", "accuracy", [1])
    assert (found.n, found.total) == (1, 0.0)


def test_columns_that_are_not_there_are_named(registry: Registry) -> None:
    with pytest.raises(Invalid, match="there is no column 'prediction_id'; the columns are id, outcome"):
        send_here(registry, "scoring", pa.table({"id": ["a"], "outcome": ["yes"]}))
    with pytest.raises(Invalid, match="there is no column 'revenue'"):
        send_here(registry, "scoring", pa.table({"prediction_id": ["a"]}), Names(values=("revenue",)))
    with pytest.raises(Invalid, match="there is neither a column 'outcome' nor a value"):
        send_here(registry, "scoring", pa.table({"prediction_id": ["a"], "row": [1]}))


def test_an_endpoint_that_nobody_knows_is_refused(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no endpoint 'churn', nor was there one; endpoints: scoring"):
        send_here(registry, "churn", tmp_path / "none.parquet")
    with pytest.raises(NotFound, match="there is no file"):
        send_here(registry, "scoring", tmp_path / "none.parquet")


def test_feedback_for_a_version_that_was_removed_is_taken(registry: Registry) -> None:
    with registry.catalog.edit(actor="ana") as tx:
        tx.remove_plan("scoring")
        tx.remove_version("churn:1.0.0")
    registry.gc()
    registry.catalog.observations.store(Delivery("other", 1, 1, {}, (_window("scoring"),)))
    told = [
        {"prediction_id": ID.format(0), "outcome": "yes"},
        {"prediction_id": ID.format(1), "outcome": "no"},
    ]
    assert send_here(registry, "scoring", told).joined == 2
    [found] = registry.catalog.outcomes.sums("scoring", "accuracy", [1])
    assert (found.version, found.n, found.total) == ("1.0.0", 2, 1.0)


def test_every_version_of_the_plan_says_what_outcomes_may_be(registry: Registry) -> None:
    assert [each.classes for each in expectations(registry, "scoring")] == [("no", "yes")]
    more = (Output("label", "str"), Output("probabilities", "float64", (3,), ("no", "yes", "later")))
    newer = add_version(registry, "1.1.0", Schema(SCHEMA.inputs, more))
    with registry.catalog.edit(actor="ana") as tx:
        plan = msgspec.to_builtins(Plan.of("1.1.0", newer.digest))
        plan["arms"] = [
            *plan["arms"],
            {"version": "1.0.0", "digest": registry.resolve("churn:1.0.0").digest, "weight": 9},
        ]
        tx.put_plan("scoring", plan)
    assert {each.classes for each in expectations(registry, "scoring")} == {
        ("no", "yes"),
        ("no", "yes", "later"),
    }


class Server:
    """Takes what a client tells."""

    def __init__(self) -> None:
        self.tables: list[pa.Table] = []

    def feedback(self, _endpoint: str, table: pa.Table) -> int:
        if len(self.tables) == 2:
            raise Invalid("feedback[7]: outcome is 'maybe'")
        self.tables.append(table)
        return int(table.num_rows)


def test_a_server_is_told_some_rows_at_a_time_under_its_own_names(tmp_path: Path) -> None:
    ids = [ID.format(0)] * 1500
    table = pa.table({"key": ids, "junk": ["x"] * 1500, "truth": ["yes"] * 1500, "earned": range(1500)})
    pq.write_table(table, tmp_path / "outcomes.parquet")
    names, server = Names(prediction_id="key", outcome="truth", values=("earned",)), Server()
    client: Any = server
    assert send_there(client, "scoring", tmp_path / "outcomes.parquet", names) == Sent("scoring", 1500)
    assert [each.num_rows for each in server.tables] == [1000, 500]
    assert server.tables[0].column_names == ["prediction_id", "outcome", "earned"]
    with pytest.raises(Invalid, match=r"^feedback\[7\]"):
        send_there(client, "scoring", tmp_path / "outcomes.parquet", names)
    server.tables.pop()
    with pytest.raises(Invalid, match=r"^among the rows from 1000 on: feedback\[7\]"):
        send_there(client, "scoring", tmp_path / "outcomes.parquet", names)


def _window(endpoint: str) -> Any:
    from hythe.registry.windows import WindowRecord

    return WindowRecord(endpoint, "1.0.0", 1, 1, b"{}")
