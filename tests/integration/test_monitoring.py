"""`hythe up` looks at each period that ends: no drift, no alarm; drift is found, whoever is killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from tests.integration.test_serving import until
from tests.integration.test_up import Command, asked, up

import hythe
from hythe.monitor.finding import Report
from hythe.operations.monitoring.stored import report_in
from hythe.registry.registry import Registry

pytestmark = [pytest.mark.integration, pytest.mark.slow]

PERIOD_S = 5
POLICY = {"periods_s": [f"{PERIOD_S}s"], "least_rows": 50}
ROWS, PAUSE_S = 20, 0.05
FEATURES = ("age", "balance", "visits")


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home with churn 1.0.0, packed with 4,000 rows."""
    home = tmp_path_factory.mktemp("packed")
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(4000, len(FEATURES))), columns=list(FEATURES))
    churned = rows["age"] + 0.5 * rows["balance"] + rng.normal(size=4000) > 0
    model = LogisticRegression().fit(rows, churned)
    hythe.pack(model, "churn", examples=rows, targets=churned, version="1.0.0", home=home)
    return home


@pytest.fixture
def home(packed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(packed, tmp_path / "home"))


@dataclass
class Callers:
    """Ask all the time, until the block ends; `shift` moves a feature's values."""

    serving: httpx.AsyncClient
    shift: dict[str, float]
    sent: int = 0

    async def ask(self, stop: asyncio.Event) -> None:
        rng = np.random.default_rng(1)
        while not stop.is_set():
            values = rng.normal(size=(ROWS, len(FEATURES)))
            rows = [
                {name: value + self.shift.get(name, 0.0) for name, value in zip(FEATURES, row, strict=True)}
                for row in values.tolist()
            ]
            reply = await self.serving.post("/predict/scoring", json={"rows": rows})
            assert reply.status_code == 200, reply.text
            self.sent += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PAUSE_S)


@contextlib.asynccontextmanager
async def calling(serving: httpx.AsyncClient) -> AsyncIterator[Callers]:
    callers, stop = Callers(serving, {}), asyncio.Event()
    asking = asyncio.create_task(callers.ask(stop))
    try:
        yield callers
    finally:
        stop.set()
        await asking


@contextlib.asynccontextmanager
async def monitored(
    home: Path, policy: Mapping[str, Any] = POLICY
) -> AsyncIterator[tuple[Command, httpx.AsyncClient, Callers]]:
    """Serve an endpoint that is monitored by periods of five seconds, and call it."""
    with up(home) as run:
        async with (
            httpx.AsyncClient(base_url=run.document["url"], timeout=30) as serving,
            httpx.AsyncClient(base_url=run.document["control"], timeout=30) as control,
        ):
            await asked(control, "POST", "/endpoints", {"endpoint": "scoring", "ref": "churn:1.0.0"})
            await asked(control, "PUT", "/endpoints/scoring/monitor/policy", policy)

            async def answers() -> bool:
                reply = await serving.post("/predict/scoring", json={"rows": [dict.fromkeys(FEATURES, 0.0)]})
                return reply.status_code == 200

            await until(answers)
            async with calling(serving) as callers:
                yield run, control, callers


def stored(home: Path) -> list[Report]:
    """Give the reports that are in the catalog, by their start."""
    with contextlib.closing(Registry.open(home)) as registry:
        return [report_in(record) for record in registry.catalog.reports.read("scoring")]


def whole(reports: list[Report]) -> list[Report]:
    """Leave out those before the traffic began and was steady."""
    return [report for report in reports if report.findings and report.rows >= 10 * ROWS]


async def test_nothing_alarms_without_drift_and_with_it_the_feature_that_moved_is_on_top(home: Path) -> None:
    async with monitored(home) as (_, control, callers):

        async def looked_at(n: int) -> bool:
            return len(whole(stored(home))) >= n

        await until(lambda: looked_at(3))
        assert [finding.message for report in stored(home) for finding in report.alarms] == []
        callers.shift["balance"] = 1.5

        async def alarms() -> bool:
            return any(report.alarms for report in stored(home))

        await until(alarms)
        first = next(report for report in stored(home) if report.alarms)
        features = [each.subject for each in first.findings if each.subject.startswith("feature:")]
        assert features[0] == "feature:balance"
        assert {finding.subject for finding in first.alarms} & {"feature:age", "feature:visits"} == set()
        seen = await asked(control, "GET", "/endpoints/scoring/monitor?since=10m")
        shown = [each["subject"] for each in seen["subjects"]["1.0.0"]]
        assert next(name for name in shown if name.startswith("feature:")) == "feature:balance"
        assert seen["monitor"]
        assert [alert["state"] for alert in seen["alerts"]] == ["firing"]
        assert sum(seen["traffic"][0]["parts"]) > 50


async def test_a_monitor_that_is_killed_again_and_again_reports_on_each_period_once(home: Path) -> None:
    async with monitored(home) as (run, _, callers):

        async def looked_at(n: int) -> bool:
            return len(whole(stored(home))) >= n

        await until(lambda: looked_at(1))
        callers.shift["age"] = 2.0
        for more in (1, 2):
            known = len(whole(stored(home)))
            [killed] = run.children("hythe.control.monitor")
            os.kill(killed, signal.SIGKILL)

            async def another(before: int = killed) -> bool:
                return [] != run.children("hythe.control.monitor") != [before]

            await until(another)
            await until(partial(looked_at, known + more))
        reports = stored(home)
    keys = [(report.version, report.period_s, report.start) for report in reports]
    assert len(keys) == len(set(keys))
    starts = [start for _, _, start in keys]
    assert starts == list(range(starts[0], starts[-1] + PERIOD_S, PERIOD_S))
    with contextlib.closing(Registry.open(home)) as registry:
        fired = [entry for entry in registry.catalog.history() if entry.action == "alert fired"]
        assert len({entry.subject for entry in fired}) == len(fired)
        assert any("age" in str(entry.after) for entry in fired)
        assert registry.fsck() == []
