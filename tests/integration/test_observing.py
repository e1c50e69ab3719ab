"""What a real server observes is in the catalog, exactly, also when its sidecar is killed."""

from __future__ import annotations

import json
import math
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pyarrow as pa
import pytest

from hythe.bundle.baseline import Baseline, compute
from hythe.dataplane.spec import EndpointSpec
from hythe.monitor.records.sources import observing
from hythe.monitor.windows.window import Window, merge
from hythe.operations.windows import joined, windows
from hythe.registry.database import Database
from hythe.registry.windows import Observations
from hythe.runtime.backoff import Backoff
from hythe.runtime.onnx import OnnxModel
from hythe.runtime.supervisor import SupervisorConfig
from hythe.server.serve import ServeConfig
from hythe.server.worker_spec import Source
from hythe.testing.catalog_file import bring_back, take_away
from hythe.testing.server import Running, running
from hythe.testing.tiny import tiny_classifier, tiny_endpoint
from hythe.testing.waiting import until

pytestmark = pytest.mark.integration

CONTRACTS = ("monthly", "yearly", "weekly")


def row(number: int) -> dict[str, Any]:
    charges = None if number % 5 == 0 else float(number % 70)
    return {"tenure": number % 100, "total charges": charges, "contract": CONTRACTS[number % 3]}


def reference() -> Baseline:
    """Compute the baseline of 200 rows; the weekly contract is not among them."""
    tiny = tiny_classifier()
    seen = [{**row(number), "contract": CONTRACTS[number % 2]} for number in range(200)]
    types = pa.schema([("tenure", pa.int64()), ("total charges", pa.float64()), ("contract", pa.string())])
    table = pa.Table.from_pylist(seen, schema=types)
    return compute(table, tiny.schema, OnnxModel(tiny.graph, tiny.variant).predict(table))


def observed_endpoint(folder: Path) -> EndpointSpec:
    spec, baseline = tiny_endpoint(folder), reference()
    path = folder / "baseline.json"
    path.write_bytes(baseline.encode())
    [version] = spec.versions
    beside = observing(version.schema, baseline, tiny_classifier().variant.feed)
    version = msgspec.structs.replace(version, baseline=str(path), observing=beside)
    return msgspec.structs.replace(spec, versions=(version,))


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Observations]:
    database = Database(f"sqlite:///{tmp_path / 'catalog.db'}")
    yield Observations(database)
    database.close()


@pytest.fixture
def server(tmp_path: Path, catalog: Observations) -> Iterator[Running]:
    assert catalog.endpoints() == []  # the catalog is there before the server
    config = ServeConfig(
        port=0,
        source=Source(str(tmp_path), f"sqlite:///{tmp_path / 'catalog.db'}"),
        access_log=str(tmp_path / "access.log"),
        join_share=1.0,
        supervisor=SupervisorConfig(workers=2, drain_s=0.1, backoff=Backoff(first_s=0.05)),
    )
    with running([observed_endpoint(tmp_path)], config, log=tmp_path / "log") as found:
        yield found


def whole(catalog: Observations) -> Window:
    """Merge all that is stored."""
    total = Window("churn", "1.0.0", 0)
    for window in windows(catalog, "churn", "1.0.0"):
        total = merge(total, window)
    return total


def until_stored(catalog: Observations, requests: int) -> Window:
    """Look until all requests are in the catalog; one too many would never pass."""
    until(lambda: whole(catalog).count("answered") == requests, lambda: whole(catalog).requests)
    return whole(catalog)


def test_every_answer_is_counted_into_the_catalog_and_the_access_log(
    server: Running, catalog: Observations, tmp_path: Path
) -> None:
    with httpx.Client(base_url=server.url) as client:
        ids = []
        for number in range(300):
            said = client.post("/predict/churn", json={"rows": [row(number), row(number + 7)]})
            ids.append(said.json()["prediction_id"])
        assert client.post("/predict/churn", content=b"[").status_code == 400
        found = until_stored(catalog, 300)
    assert (found.rows, found.answered_rows, found.counted_rows) == (600, 600, 600)
    sent = [row(number + more) for number in range(300) for more in (0, 7)]
    weekly = sum(item["contract"] == "weekly" for item in sent)
    missing = sum(item["total charges"] is None for item in sent)
    assert found.features["contract"].cells[-1] == weekly
    assert found.features["total charges"].cells[0] == missing
    powers = found.features["tenure"].powers
    assert powers is not None
    assert powers.moments().mean == pytest.approx(sum(item["tenure"] for item in sent) / 600)
    assert sum(found.outputs["label"].cells) == 600
    assert found.request_s.n == 300
    assert not math.isnan(found.request_s.quantile(0.99))
    assert [join.rows for join in joined(catalog, ids)] == [2] * 300
    server.terminate()
    assert server.wait() == 0
    lines = [json.loads(line) for line in (tmp_path / "access.log").read_text().splitlines()]
    assert sorted(line["hythe.prediction_id"] for line in lines if "event.reason" not in line) == sorted(ids)
    assert [line["http.response.status_code"] for line in lines if "event.reason" in line] == [400]


def test_a_killed_sidecar_counts_nothing_twice_and_loses_nothing(
    server: Running, catalog: Observations
) -> None:
    killed = 0
    with httpx.Client(base_url=server.url) as client:
        for number in range(1500):
            assert client.post("/predict/churn", json={"rows": [row(number)]}).status_code == 200
            if number % 500 == 499:
                for pid in server.pids("hythe.server.sidecar"):
                    os.kill(pid, signal.SIGKILL)
                    killed += 1
        assert killed > 0
        until_stored(catalog, 1500)
        server.terminate()
        assert server.wait() == 0
    assert whole(catalog).count("answered") == 1500


def test_answers_go_on_while_the_catalog_is_gone_and_are_stored_when_it_is_back(
    server: Running, catalog: Observations, tmp_path: Path
) -> None:
    file, away = tmp_path / "catalog.db", tmp_path / "away"
    with httpx.Client(base_url=server.url) as client:
        client.post("/predict/churn", json={"rows": [row(0)]})
        until_stored(catalog, 1)
        take_away(tmp_path, away)
        for number in range(1, 200):
            assert client.post("/predict/churn", json={"rows": [row(number)]}).status_code == 200
        until(lambda: [*(tmp_path / "observations").glob("*.spool")])
        assert not file.exists()
        bring_back(tmp_path, away)
        until_stored(catalog, 200)
