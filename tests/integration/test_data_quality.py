"""What is wrong with rows that clients send to a real server is found by name in its windows."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from tests.integration.test_observing import observed_endpoint, row, whole

from hythe.bundle.baseline import Baseline
from hythe.monitor.examine import examine
from hythe.monitor.period import Period
from hythe.monitor.policy import MonitorPolicy
from hythe.monitor.windows.window import Window
from hythe.registry.database import Database
from hythe.registry.windows import Observations
from hythe.server.serve import ServeConfig
from hythe.server.worker_spec import Source
from hythe.testing.server import Running, running
from hythe.testing.tiny import tiny_classifier
from hythe.testing.waiting import until

pytestmark = pytest.mark.integration

ARROW = {"content-type": "application/vnd.apache.arrow.stream"}


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Observations]:
    database = Database(f"sqlite:///{tmp_path / 'catalog.db'}")
    yield Observations(database)
    database.close()


@pytest.fixture
def server(tmp_path: Path, catalog: Observations) -> Iterator[Running]:
    assert catalog.endpoints() == []  # the catalog is there before the server
    config = ServeConfig(port=0, source=Source(str(tmp_path), f"sqlite:///{tmp_path / 'catalog.db'}"))
    with running([observed_endpoint(tmp_path)], config, log=tmp_path / "log") as found:
        yield found


def stored(catalog: Observations, requests: int) -> Window:
    def there() -> bool:
        return sum(whole(catalog).requests.values()) == requests

    until(there, lambda: whole(catalog).requests)
    return whole(catalog)


def refuse(client: httpx.Client, **sent: Any) -> None:
    said = client.post("/predict/churn", **sent)
    assert said.status_code == 422, said.text


def stream(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def test_faults_of_rows_are_told_apart_by_kind_and_column_at_every_door(
    server: Running, catalog: Observations
) -> None:
    good = row(1)
    renamed = {("Total-Charges" if name == "total charges" else name): v for name, v in good.items()}
    with httpx.Client(base_url=server.url) as client:
        refuse(client, json={**good, "tenure": "12 months"})
        refuse(client, json={"rows": [good, renamed]})
        refuse(client, json={"columns": {name: [value] for name, value in good.items() if name != "tenure"}})
        text = 'tenure,total charges,contract\n3,"12,5",monthly\n'
        refuse(client, content=text, headers={"content-type": "text/csv"})
        table = pa.Table.from_pylist([{**good, "tenure": None}])
        refuse(client, content=stream(table), headers=ARROW)
        tensors = [{"name": "nobody", "datatype": "FP64", "shape": [1], "data": [1.0]}]
        said = client.post("/v2/models/churn/infer", content=json.dumps({"inputs": tensors}))
        assert said.status_code == 422, said.text
        assert client.post("/predict/churn", json=good).status_code == 200
        found = stored(catalog, 7)
    assert found.requests == {"answered": 1, "refused:invalid": 6}
    assert found.faults == {
        "unit:tenure": 1,
        "renamed_column:total charges": 1,
        "missing_column:tenure": 1,
        "decimal_comma:total charges": 1,
        "missing:tenure": 1,
        "unknown_column:": 1,
    }


def test_bad_data_on_a_server_is_named_by_the_checks_and_good_data_raise_nothing(
    server: Running, catalog: Observations, tmp_path: Path
) -> None:
    baseline = Baseline.decode((tmp_path / "baseline.json").read_bytes())

    def alarms(window: Window) -> set[tuple[str, str]]:
        period = Period(window=window, baseline=baseline, schema=tiny_classifier().schema)
        report = examine(period, MonitorPolicy(), 1e-4)
        return {(one.check, one.subject) for one in report.alarms if one.kind == "quality"}

    with httpx.Client(base_url=server.url) as client:
        for start in range(0, 2000, 100):  # as the reference rows were drawn
            rows = [{**row(n), "contract": row(n % 2)["contract"]} for n in range(start, start + 100)]
            assert client.post("/predict/churn", json={"rows": rows}).status_code == 200
        assert alarms(stored(catalog, 20)) == set()
        late = [{**row(n), "contract": "weekly", "total charges": None} for n in range(100)]
        for _ in range(20):
            assert client.post("/predict/churn", json={"rows": late}).status_code == 200
        for _ in range(20):
            refuse(client, json={**row(1), "tenure": "twelve"})
        found = alarms(stored(catalog, 60))
    assert found == {
        ("missing", "feature:total charges"),
        ("unseen", "feature:contract"),
        ("refused", "requests"),
        ("type", "feature:tenure"),
    }
