"""What is wrong with a file's columns is named: faults put into real rows are, clean ones raise nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.unit.monitor.quality.real import Reference, birds, cells

from hythe.bundle.baseline import compute
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Schema, Tensor
from hythe.bundle.summary import summarise_column
from hythe.monitor.finding import Finding
from hythe.monitor.quality.names import likeness, name_similarity
from hythe.monitor.quality.rows import MOST_ROWS, RowLook, look


def rest(**changes: Callable[[Any], Any]) -> pa.Table:
    frame = birds().rest.copy()
    for name, change in changes.items():
        frame[name] = change(frame[name])
    return pa.Table.from_pandas(frame, preserve_index=False)


def seen(rows: pa.Table, reference: Reference | None = None) -> list[Finding]:
    known = reference or birds()
    return list(look(rows, known.schema, known.baseline))


def alarms(rows: pa.Table, reference: Reference | None = None) -> set[tuple[str, str]]:
    return alarms_of(seen(rows, reference))


def alarms_of(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    return {(one.check, one.subject) for one in findings if one.verdict == "alarm"}


@pytest.mark.parametrize("reference", [birds, cells])
def test_clean_rows_raise_nothing(reference: Callable[[], Reference]) -> None:
    known = reference()
    assert seen(pa.Table.from_pandas(known.rest, preserve_index=False), known) == []


def text(spelt: Callable[[float], str]) -> Callable[[Any], list[str | None]]:
    return lambda values: [None if np.isnan(value) else spelt(value) for value in values]


@pytest.mark.parametrize(
    ("spelt", "check"),
    [
        (lambda value: f"{value:.1f}".replace(".", ","), "decimal_comma"),
        (lambda value: f"{value * 1000:,.0f}", "thousands"),
        (lambda value: f"{value:.1f} mm", "unit"),
        (lambda value: f"about {value:.0f}", "type"),
    ],
)
def test_numbers_in_another_format_are_named(spelt: Callable[[float], str], check: str) -> None:
    rows = rest(bill_length_mm=text(spelt))
    assert alarms(rows) == {(check, "feature:bill_length_mm")}
    [finding] = seen(rows)
    present = rows.num_rows - rows.column("bill_length_mm").null_count
    assert finding.value == pytest.approx(present / rows.num_rows)
    assert str(next(v for v in rows.column("bill_length_mm").to_pylist() if v)) in finding.message


def test_numbers_that_are_text_are_told_and_do_not_alarm() -> None:
    [finding] = seen(rest(bill_length_mm=text(str)))
    assert (finding.check, finding.verdict) == ("number_as_text", "ok")


def test_a_sensitive_value_is_not_shown_as_an_example() -> None:
    known = birds()
    schema = known.schema.replacing("bill_length_mm", sensitive=True)
    [finding] = look(rest(bill_length_mm=text(lambda value: f"{value} mm")), schema, known.baseline)
    assert "such as" not in finding.message


def test_numbers_where_text_was_are_of_another_type() -> None:
    codes = {"Torgersen": 1, "Biscoe": 2, "Dream": 3}
    assert alarms(rest(island=lambda values: values.map(codes))) == {("type", "feature:island")}


def dated() -> Reference:
    days = pd.date_range("2026-01-01", periods=200, freq="h")
    return Reference(pd.DataFrame({"at": days, "x": np.arange(200.0)}), 100)


@pytest.mark.parametrize(
    "write",
    [
        lambda at: at.dt.strftime("%d.%m.%Y"),
        lambda at: at.dt.strftime("%m/%d/%Y %H:%M"),
        lambda at: at.astype("int64") // 10**9,
    ],
    ids=["german", "american", "unix"],
)
def test_times_in_another_format_are_named(write: Callable[[Any], Any]) -> None:
    known = dated()
    frame = known.rest.assign(at=write(known.rest["at"]))
    rows = pa.Table.from_pandas(frame, preserve_index=False)
    assert alarms(rows, known) == {("date_format", "feature:at")}


def test_times_as_the_schema_wants_them_are_right_as_text_too() -> None:
    known = dated()
    frame = known.rest.assign(at=known.rest["at"].dt.strftime("%Y-%m-%dT%H:%M:%S"))
    assert seen(pa.Table.from_pandas(frame, preserve_index=False), known) == []


@pytest.mark.parametrize("name", ["Bill Length (mm)", "billLengthMm", "bill_length", "BILL_LENGTH_MM"])
def test_a_renamed_column_is_found_by_its_name(name: str) -> None:
    [finding] = seen(rest().rename_columns({"bill_length_mm": name}))
    assert (finding.check, finding.subject) == ("renamed_column", "feature:bill_length_mm")
    assert finding.details["given"] == name


def test_a_column_of_another_name_is_found_by_its_distribution() -> None:
    rows = rest().rename_columns({"body_mass_g": "w", "flipper_length_mm": "f", "island": "place"})
    found = {one.subject: one.details["given"] for one in seen(rows) if one.check == "renamed_column"}
    assert found == {"feature:body_mass_g": "w", "feature:flipper_length_mm": "f", "feature:island": "place"}


def test_a_missing_column_is_not_taken_for_one_that_only_came_beside() -> None:
    rows = rest().drop_columns(["body_mass_g"]).append_column("id", pa.array(range(172)))
    found = {(one.check, one.subject, one.verdict) for one in seen(rows)}
    assert found == {("missing_column", "feature:body_mass_g", "ok"), ("unknown_column", "columns", "ok")}


def test_a_column_that_is_needed_and_missing_alarms() -> None:
    known = cells()
    rows = pa.Table.from_pandas(known.rest, preserve_index=False).drop_columns(["mean radius"])
    assert alarms(rows, known) == {("missing_column", "feature:mean radius")}


def test_batches_tell_the_same_as_the_whole_table() -> None:
    rows = rest(bill_length_mm=text(lambda value: f"{value} mm")).rename_columns({"island": "place"})
    known = birds()
    parts = [rows.slice(start, 25).to_batches()[0] for start in range(0, rows.num_rows, 25)]
    assert look(parts, known.schema, known.baseline) == look(rows, known.schema, known.baseline)


def test_what_is_kept_of_rows_does_not_grow_with_them() -> None:
    known = birds()
    rows = rest().rename_columns({"island": "place"})
    looking = RowLook(known.schema, known.baseline, rows.column_names)
    for _ in range(200):
        looking.take(rows)
    kept = sum(len(part) for part in looking._samples["place"])
    assert kept < MOST_ROWS + rows.num_rows
    assert alarms(rows) == alarms_of(looking.findings())


def test_an_all_null_column_has_no_format() -> None:
    rows = rest(bill_length_mm=lambda values: [None] * len(values))
    assert seen(rows) == []


def test_no_rows_and_no_batches_tell_of_no_values() -> None:
    known = birds()
    assert seen(rest().slice(0, 0)) == []
    assert look([], known.schema, known.baseline) == ()


def test_columns_of_the_schema_that_the_baseline_lacks_are_only_missed() -> None:
    known = birds()
    bare = {name: one for name, one in known.baseline.features.items() if name != "island"}
    baseline = type(known.baseline)(known.baseline.rows, 0, bare, {})
    [finding, other] = look(rest().rename_columns({"island": "place"}), known.schema, baseline)
    assert (finding.check, other.check) == ("missing_column", "unknown_column")


def test_likeness_is_of_shares_and_of_values_of_one_kind() -> None:
    column = birds().schema.columns[0]
    summary = summarise_column(pa.array(["a"] * 50 + ["b"] * 50), column)
    assert likeness(pa.array(["a", "b"]), summary) == pytest.approx(1.0)
    assert likeness(pa.array(["a", "a"]), summary) == pytest.approx(0.5)
    assert likeness(pa.array(["x", "y"]), summary) == 0.0
    assert likeness(pa.array([1.5]), summary) == 0.0


def test_short_names_are_not_similar_because_a_longer_one_has_them_inside() -> None:
    assert name_similarity("id", "humidity") < 0.6


def test_the_example_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[4] / "docs" / "quality.md").read_text()
    [block] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    known = birds()
    table = rest(bill_length_mm=text(lambda value: f"{value} mm"))
    exec(block, {"schema": known.schema, "baseline": known.baseline, "table": table})  # noqa: S102 - our own page
    assert capsys.readouterr().out.startswith("unit feature:bill_length_mm bill_length_mm has a unit")


def test_tensors_that_are_missing_or_unknown_are_named() -> None:
    schema = Schema((Tensor("image", "float32", (2,)),), container="tensors")
    images = np.arange(20, dtype=np.float32).reshape(10, 2)
    baseline = compute({"image": images}, schema, Outcome({}, np.zeros(10, dtype=np.bool_)))
    rows = pa.table({"Image": images.tolist(), "id": range(10)})
    assert {(one.check, one.subject) for one in look(rows, schema, baseline)} == {
        ("renamed_column", "feature:image"),
        ("unknown_column", "columns"),
    }
    assert alarms_of(look(rows.drop_columns(["Image"]), schema, baseline)) == {
        ("missing_column", "feature:image")
    }


def test_rows_are_no_duplicates_because_the_column_that_tells_them_apart_is_missing() -> None:
    frame = pd.DataFrame({"key": np.arange(4000.0), "kind": [1, 2] * 2000})
    known = Reference(frame, 2000)
    rows = pa.Table.from_pandas(known.rest, preserve_index=False)
    assert seen(rows, known) == []
    assert alarms(rows.drop_columns(["key"]), known) == {("missing_column", "feature:key")}


def test_a_column_that_comes_twice_is_looked_at_once() -> None:
    rows = rest()
    twice = rows.append_column("island", rows.column("island"))
    assert seen(twice) == []
