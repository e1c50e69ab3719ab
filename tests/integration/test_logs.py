"""The logs of a real server: moved away while it writes, and not filled by what breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from hythe.runtime.batch_policy import BatchPolicy
from hythe.runtime.supervisor import SupervisorConfig
from hythe.server.serve import ServeConfig
from hythe.testing.native import DIES, misbehaving_endpoint
from hythe.testing.server import Running, running
from hythe.testing.tiny import tiny_endpoint
from hythe.testing.waiting import PATIENCE_S, until

pytestmark = pytest.mark.integration

ROW = {"tenure": 4, "total charges": 20.5, "contract": "monthly"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    config = ServeConfig(
        port=0,
        access_log=str(tmp_path / "access.log"),
        supervisor=SupervisorConfig(workers=2, drain_s=0.1),
    )
    with running([tiny_endpoint(tmp_path)], config, log=tmp_path / "log") as found:
        yield found


def ask(server: Running) -> str:
    """Ask once; give the prediction id."""
    return str(httpx.post(f"{server.url}/predict/churn", json={"rows": [ROW]}).json()["prediction_id"])


def logged(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.startswith("{")]  # models may print others


def until_logged(path: Path, prediction: str) -> None:
    """Wait for the line of a prediction."""
    until(lambda: prediction in {line.get("hythe.prediction_id") for line in logged(path)})


def test_a_log_that_is_renamed_goes_on_in_a_new_file(server: Running, tmp_path: Path) -> None:
    path, old = tmp_path / "access.log", tmp_path / "access.log.1"
    first = ask(server)
    until_logged(path, first)
    path.rename(old)
    second = ask(server)
    until_logged(path, second)
    assert [line["hythe.prediction_id"] for line in logged(old)] == [first]
    assert [line["hythe.prediction_id"] for line in logged(path)] == [second]


def test_a_log_that_is_copied_and_truncated_goes_on_at_its_beginning(server: Running, tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    until_logged(path, ask(server))
    with path.open("r+b") as file:
        file.truncate(0)
    second = ask(server)
    until_logged(path, second)
    assert [line["hythe.prediction_id"] for line in logged(path)] == [second]


def test_a_model_that_breaks_for_everybody_does_not_fill_the_disk(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    endpoint, log, access = (
        misbehaving_endpoint(tmp_path / "model"),
        tmp_path / "log",
        tmp_path / "access.log",
    )
    trace, n = f"00-{'ab' * 16}-{'cd' * 8}-00", 500
    patient = BatchPolicy(most_wait_ms=PATIENCE_S * 1e3)
    config = ServeConfig(port=0, access_log=str(access), batching=patient)
    with running([endpoint], config, log=log) as server:
        with httpx.Client(base_url=server.url) as client, ThreadPoolExecutor(8) as pool:

            def break_it(_: int) -> int:
                row = {"x": DIES}
                reply = client.post("/predict/double", json={"rows": [row]}, headers={"traceparent": trace})
                return reply.status_code

            statuses = set(pool.map(break_it, range(n)))
        server.terminate()
        assert server.wait() == 0
    assert statuses == {503}
    accessed = logged(access)
    assert len(accessed) == n
    assert {line["http.response.status_code"] for line in accessed} == {503}
    lines = [line for line in logged(log) if line.get("event.dataset") == "hythe.error"]
    assert 0 < len(lines) < n / 10
    ids = {line["hythe.prediction_id"] for line in accessed}
    for line in lines:
        assert (line["hythe.endpoint"], line["hythe.version"], line["trace.id"]) == (
            "double",
            "1.0.0",
            "ab" * 16,
        )
        assert line["hythe.prediction_id"] in ids
        assert (line["error.type"], line["error.code"]) == ("Unavailable", "unavailable")
    crashed = [line for line in lines if "exit" in line["error.message"] or "died" in line["error.message"]]
    assert crashed, [line["error.message"] for line in lines]


def test_who_comes_to_no_endpoint_is_counted_and_logged_with_the_path(
    server: Running, tmp_path: Path
) -> None:
    with_key = {"Authorization": "Bearer hk_made_up", "traceparent": f"00-{'4b' * 16}-{'0f' * 8}-01"}
    refused = httpx.post(f"{server.url}/predict/churn", json=ROW, headers=with_key)
    nowhere = httpx.get(f"{server.url}/nowhere?secret=1")
    assert [refused.status_code, nowhere.status_code] == [401, 404]

    def told() -> list[dict[str, Any]]:
        return [line for line in logged(tmp_path / "access.log") if "url.path" in line]

    until(lambda: len(told()) == 2)
    first, second = sorted(told(), key=lambda line: str(line["url.path"]), reverse=True)
    assert first["url.path"] == "/predict/churn"
    assert (first["event.reason"], first["http.response.status_code"]) == ("unauthenticated", 401)
    assert first["trace.id"] == "4b" * 16
    assert "hythe.endpoint" not in first
    assert (second["url.path"], second["event.reason"]) == ("/nowhere", "not_found")
    assert "secret" not in str(second)
    metrics = httpx.get(f"{server.url}/metrics").text
    assert 'hythe_turned_away_total{reason="unauthenticated"} 1' in metrics
    assert 'hythe_turned_away_total{reason="not_found"} 1' in metrics
