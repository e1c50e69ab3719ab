"""What callers of a real server tell becomes its performance, by segment, beside the estimate without it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pyarrow as pa
import pytest

from hythe.bundle.baseline import Baseline, compute
from hythe.dataplane.spec import EndpointSpec
from hythe.monitor.performance.estimates import Estimates
from hythe.monitor.period import Candidate, Period
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.records.sources import observing
from hythe.monitor.windows.window import Window, merge
from hythe.operations.monitoring.performance import Performance, VersionPeriod
from hythe.operations.windows import windows
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.runtime.backoff import Backoff
from hythe.runtime.onnx import OnnxModel
from hythe.runtime.supervisor import SupervisorConfig
from hythe.server.serve import ServeConfig
from hythe.server.worker_spec import Source
from hythe.testing.server import Running, running
from hythe.testing.tiny import expected, tiny_classifier, tiny_endpoint
from hythe.testing.waiting import until

pytestmark = pytest.mark.integration

CONTRACTS = ("monthly", "yearly")
ROWS = 200
DAY_S = 86400


def row(number: int) -> dict[str, Any]:
    return {"tenure": number % 100, "total charges": float(number % 70), "contract": CONTRACTS[number % 2]}


def outcome(number: int) -> str:
    """Tell the monthly ones as they are expected, and half of the yearly ones otherwise."""
    likely = expected(row(number)) > 0.5
    return "yes" if likely ^ (number % 4 == 1) else "no"


def reference() -> Baseline:
    tiny = tiny_classifier()
    types = pa.schema([("tenure", pa.int64()), ("total charges", pa.float64()), ("contract", pa.string())])
    table = pa.Table.from_pylist([row(number) for number in range(1400)], schema=types)
    found = OnnxModel(tiny.graph, tiny.variant).predict(table)
    return compute(table, tiny.schema, found, targets=[outcome(number) for number in range(1400)])


def watched_endpoint(folder: Path, baseline: Baseline) -> EndpointSpec:
    spec = tiny_endpoint(folder)
    path = folder / "baseline.json"
    path.write_bytes(baseline.encode())
    [version] = spec.versions
    beside = observing(version.schema, baseline, tiny_classifier().variant.feed)
    return msgspec.structs.replace(
        spec, versions=(msgspec.structs.replace(version, baseline=str(path), observing=beside),)
    )


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    made = Catalog(Database(f"sqlite:///{tmp_path / 'catalog.db'}"))
    assert made.observations.endpoints() == []  # the catalog is there before the server
    yield made
    made.close()


@pytest.fixture
def server(tmp_path: Path, catalog: Catalog) -> Iterator[Running]:
    config = ServeConfig(
        port=0,
        source=Source(str(tmp_path), catalog.name),
        join_share=1.0,
        supervisor=SupervisorConfig(workers=1, drain_s=0.1, backoff=Backoff(first_s=0.05)),
    )
    spec = watched_endpoint(tmp_path, reference())
    with running([spec], config, log=tmp_path / "log") as found:
        yield found


def until_joined(catalog: Catalog) -> None:
    until(lambda: catalog.feedback.counts("churn").joined >= ROWS)


def test_labels_tell_performance_by_segment_and_windows_estimate_it(
    server: Running, catalog: Catalog
) -> None:
    with httpx.Client(base_url=server.url) as client:
        ids, labels = [], []
        for number in range(ROWS):
            said = client.post("/predict/churn", json={"rows": [row(number)]}).json()
            ids.append(said["prediction_id"])
            labels.append(said["predictions"][0]["label"])
        told = [{"prediction_id": each, "outcome": outcome(number)} for number, each in enumerate(ids)]
        assert client.post("/feedback/churn", json={"feedback": told}).status_code == 202
        until_joined(catalog)
    right = np.array([label == outcome(number) for number, label in enumerate(labels)])
    yearly = np.arange(ROWS) % 2 == 1
    start = int(time.time()) // DAY_S * DAY_S
    # The day may have changed meanwhile.
    period = VersionPeriod("churn", "1.0.0", start - DAY_S, 2 * DAY_S)
    policy = MonitorPolicy(segments=("contract",))
    baseline = reference()
    found, notes = Performance(catalog).findings(period, baseline, policy, 1e-4)
    accuracy = {each.subject: each for each in found if each.check == "accuracy"}
    assert accuracy["answers"].value == pytest.approx(right.mean())
    assert accuracy["segment:contract=yearly"].value == pytest.approx(right[yearly].mean())
    assert accuracy["segment:contract=monthly"].value == pytest.approx(right[~yearly].mean())
    assert accuracy["segment:contract=yearly"].details["worst"]
    assert notes == []
    total = Window("churn", "1.0.0", 0)
    for window in windows(catalog.observations, "churn", "1.0.0"):
        total = merge(total, window)
    schema = tiny_classifier().schema
    estimates = list(Estimates().look(Period(window=total, baseline=baseline, schema=schema)))
    [estimated] = [each for each in estimates if isinstance(each, Candidate)]
    assert estimated.low is not None
    assert estimated.high is not None
    assert estimated.low <= right.mean() <= estimated.high
