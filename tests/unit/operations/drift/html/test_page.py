"""The page of a drift report is one file that anybody can open and read."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pyarrow as pa

from hythe.bundle.baseline import Baseline, compute
from hythe.bundle.outcome import Outcome
from hythe.bundle.schema import Column, Schema
from hythe.bundle.summary import Summary
from hythe.monitor.examine import examine
from hythe.monitor.finding import Finding
from hythe.monitor.period import Period
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.windows.window import Window
from hythe.operations.drift.columns import counters
from hythe.operations.drift.counting import Running
from hythe.operations.drift.examined import Examined
from hythe.operations.drift.html.page import render
from hythe.operations.drift.html.shapes import Bar, Steps, shape_of

NASTY = "age <script>alert('x')</script> & \"more\""
VOID = {"meta"}
SCHEMA = Schema((Column(NASTY, "float64"), Column("plan", "string", nullable=True), Column("n", "int64")))


def table(rows: int, seed: int, shift: float = 0.0) -> pa.Table:
    rng = np.random.default_rng(seed)
    plans = rng.choice(["gold", "tin", "<b>lead</b>"], rows, p=[0.5, 0.3 - shift / 10, 0.2 + shift / 10])
    return pa.table({NASTY: rng.normal(shift, 1, rows), "plan": plans, "n": rng.poisson(2, rows)})


def baseline() -> Baseline:
    return compute(table(3000, 0), SCHEMA, Outcome({}, np.zeros(3000, dtype=np.bool_)))


BASELINE = baseline()


def counted(rows: pa.Table, start: int = 0, period_s: int = 0) -> Window:
    running = Running()
    [batch] = rows.to_batches()
    count = counters(SCHEMA, BASELINE.features)
    running.add(batch.num_rows, {name: count[name](batch.column(name)) for name in count}, {})
    return running.window("1.0.0", start, period_s)


def examined(window: Window, alpha: float = 0.01) -> Examined:
    period = Period(window=window, baseline=BASELINE, schema=SCHEMA)
    return Examined(examine(period, MonitorPolicy(), alpha), window)


class Reader(HTMLParser):
    """Collects text, elements and attributes, and sees that elements close in turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data

    def attributes(self, name: str) -> list[str]:
        return [found for _, attributes in self.seen if (found := attributes.get(name)) is not None]


def test_what_differs_is_told_with_plots_measures_and_what_could_be_found() -> None:
    page = Reader(render([examined(counted(table(2000, 1, 0.5)))], BASELINE, title="churn on rows"))
    assert "2 subjects differ" in page.text
    assert "at most 0.01 of such examinations alarm" in page.text
    for measure in ("Kolmogorov-Smirnov", "Wasserstein", "Population stability index"):
        assert measure in page.text
    assert "With 2,000 rows here and 3,000 in the baseline" in page.text
    assert "gold" in page.text
    assert len([tag for tag, _ in page.seen if tag == "svg"]) > 3


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    page = Reader(render([examined(counted(table(2000, 1, 0.5)))], BASELINE, title="t"))
    assert {tag for tag, _ in page.seen} & {"script", "link", "img", "iframe"} == set()
    assert page.attributes("src") == []
    assert all(target.startswith("#") for target in page.attributes("href"))
    anchors = page.attributes("id")
    assert {target[1:] for target in page.attributes("href")} <= {*anchors}
    assert len({*anchors}) == len(anchors)


def test_names_and_values_are_text_wherever_they_come_from() -> None:
    note = Finding(kind="quality", check="type", subject="feature:x", verdict="alarm", message="<i>x</i>")
    page = render(
        [examined(counted(table(2000, 1, 0.5)))], BASELINE, title="<h1>", findings=[note], notes=["<u>"]
    )
    for tag in ("<script>", "<b>lead", "<i>x", "<u>", "<h1><h1>"):
        assert tag not in page
    assert NASTY in Reader(page).text


def test_plots_are_named_for_those_who_cannot_see_them() -> None:
    page = Reader(render([examined(counted(table(2000, 1, 0.5)))], BASELINE, title="t"))
    for tag, attributes in page.seen:
        if tag == "svg":
            assert attributes.get("aria-label") or attributes.get("aria-hidden") == "true"
    assert "▲ alarm" in page.text
    assert "✓ fine" in page.text


def test_rows_alike_say_so() -> None:
    page = Reader(render([examined(counted(table(2000, 1)))], BASELINE, title="t"))
    assert "No alarm" in page.text


def test_too_few_rows_are_no_verdict() -> None:
    page = Reader(render([examined(counted(table(20, 1)))], BASELINE, title="t"))
    assert "Too little to tell" in page.text
    assert "too_little: 20 rows" in page.text


def test_of_several_periods_those_that_alarm_are_shown() -> None:
    windows = [counted(table(400, hour, 3.0 * (hour == 2)), 3600 * hour, 3600) for hour in range(4)]
    page = Reader(render([examined(window, 0.0025) for window in windows], BASELINE, title="t"))
    assert "in 1 of 4 periods" in page.text
    assert "1970-01-01 02:00: 400 rows" in page.text
    assert "1970-01-01 01:00: 400 rows, 0 alarms" in page.text


def summary(name: str) -> Summary:
    return BASELINE.features[name]


def test_steps_and_what_lies_beside_them_hold_every_row_once() -> None:
    window = counted(table(2000, 5, 2.0))
    found = shape_of(summary(NASTY), window.features[NASTY].cells)
    assert isinstance(found, Steps)
    for side in ("before", "now"):
        beside = sum(getattr(bar, side) for bar in found.aside)
        assert abs(sum(getattr(found, side)) + beside - 1.0) < 1e-9


def test_steps_are_the_shares_of_the_values_themselves() -> None:
    values = np.random.default_rng(7).normal(size=200_000)
    rows = pa.table({NASTY: values, "plan": ["tin"] * len(values), "n": [1] * len(values)})
    found = shape_of(summary(NASTY), counted(rows).features[NASTY].cells)
    assert isinstance(found, Steps)
    exact, _ = np.histogram(values, bins=len(found.now), range=(found.low, found.high))
    assert np.abs(np.array(found.now) - exact / len(values)).max() < 0.01


def test_few_values_have_a_bar_each() -> None:
    found = shape_of(summary("n"), counted(table(500, 3)).features["n"].cells)
    assert isinstance(found, tuple)
    assert [bar.label for bar in found][:3] == ["0", "1", "2"]
    assert abs(sum(bar.now for bar in found) - 1.0) < 1e-9


def test_what_is_missing_is_shown_first() -> None:
    rows = table(10, 1).set_column(1, "plan", pa.array([None] * 4 + ["gold"] * 6, pa.string()))
    found = shape_of(summary("plan"), counted(rows).features["plan"].cells)
    assert isinstance(found, tuple)
    assert found[0] == Bar("missing", 0.0, 0.4)
