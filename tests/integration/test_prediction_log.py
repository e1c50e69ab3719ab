"""A real server writes rows of its predictions, and neither its writer nor its store is ever waited for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.integration.test_observing import observed_endpoint, row

from hythe.base.errors import NotFound, Unavailable
from hythe.operations.predictions.files import forget
from hythe.operations.predictions.log import PredictionLog
from hythe.operations.predictions.read import read_predictions
from hythe.operations.predictions.store import open_store
from hythe.runtime.backoff import Backoff
from hythe.runtime.supervisor import SupervisorConfig
from hythe.server.serve import ServeConfig
from hythe.server.worker_spec import Source
from hythe.testing.server import Running, running
from hythe.testing.services import or_skip, s3
from hythe.testing.waiting import until

pytestmark = pytest.mark.integration

WRITER, SIDECAR = "hythe.server.prediction_log", "hythe.server.sidecar"


@contextmanager
def served(folder: Path, place: str, **more: Any) -> Iterator[Running]:
    config = ServeConfig(
        port=0,
        source=Source(str(folder), f"sqlite:///{folder / 'catalog.db'}"),
        prediction_log=PredictionLog(place=place, share=1.0, **{"write_s": 0.5, **more}),
        supervisor=SupervisorConfig(workers=2, drain_s=0.1, backoff=Backoff(first_s=0.05)),
    )
    with running([observed_endpoint(folder)], config, log=folder / "log") as found:
        yield found


def ask(client: httpx.Client, numbers: range) -> dict[tuple[str, int], dict[str, Any]]:
    """Ask with two rows at a time; give what was sent and answered, by id and row."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for number in numbers:
        rows = [row(number), row(number + 7)]
        answer = client.post("/predict/churn", json={"rows": rows})
        assert answer.status_code == 200
        said = answer.json()
        for place, (sent, told) in enumerate(zip(rows, said["predictions"], strict=True)):
            found[said["prediction_id"], place] = {**sent, "label": told["label"]}
    return found


def logged(place: Path | str) -> dict[tuple[str, int], dict[str, Any]]:
    """Give the rows of the log in the same form; one that is there twice fails."""
    try:
        table = read_predictions(place, "churn", "1.0.0").to_table()
    except (NotFound, Unavailable):
        return {}
    found = {
        (item["hythe_prediction_id"], item["hythe_row"]): {
            **{name: item[name] for name in ("tenure", "total charges", "contract")},
            "label": item["hythe_output_label"],
        }
        for item in table.to_pylist()
    }
    assert len(found) == table.num_rows
    return found


def lost(client: httpx.Client) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if 'lost_total{reason="predictions"}' in line)


def without_weekly(rows: dict[tuple[str, int], dict[str, Any]]) -> dict[tuple[str, int], dict[str, Any]]:
    """Nobody recorded a contract that the baseline has not: its set is open, so it is null in the log."""
    return {
        key: {**item, "contract": None} if item["contract"] == "weekly" else item
        for key, item in rows.items()
    }


def test_every_row_that_was_answered_is_logged_as_it_was_sent(tmp_path: Path) -> None:
    place = tmp_path / "rows"
    with served(tmp_path, str(place), write_s=60.0) as server, httpx.Client(base_url=server.url) as client:
        asked = ask(client, range(100))
        refused = client.post("/predict/churn", json={"rows": [{**row(1), "tenure": "long"}]})
        assert refused.status_code in {400, 422}
        server.terminate()
        assert server.wait() == 0
    assert logged(place) == without_weekly(asked)


def test_killed_writers_and_sidecars_lose_no_row_and_write_none_twice(tmp_path: Path) -> None:
    place = tmp_path / "rows"
    with served(tmp_path, str(place)) as server, httpx.Client(base_url=server.url) as client:
        asked: dict[tuple[str, int], dict[str, Any]] = {}
        for turn in range(6):
            asked |= ask(client, range(turn * 40, turn * 40 + 40))
            [victim] = server.pids(WRITER if turn % 2 else SIDECAR) or [0]
            if victim:
                os.kill(victim, signal.SIGKILL)
        until(lambda: len(logged(place)) == len(asked))
        assert lost(client) == 0
        server.terminate()
        assert server.wait() == 0
    assert logged(place) == without_weekly(asked)


def test_while_its_folder_cannot_be_written_serving_goes_on_and_rows_come_later(tmp_path: Path) -> None:
    place = tmp_path / "rows"
    place.touch()
    with served(tmp_path, str(place)) as server, httpx.Client(base_url=server.url) as client:
        asked = ask(client, range(50))
        until(lambda: "predictions wait for their store" in (tmp_path / "log").read_text())
        place.unlink()
        until(lambda: len(logged(place)) == len(asked))


def test_rows_go_to_an_object_store_and_wait_while_it_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, folder = "s3://models/rows", tmp_path / "s3"
    with or_skip(), ExitStack() as stack, ExitStack() as store:
        environment = store.enter_context(s3(folder))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        server = stack.enter_context(served(tmp_path, place))
        client = stack.enter_context(httpx.Client(base_url=server.url))
        asked = ask(client, range(50))
        until(lambda: len(logged(place)) == len(asked))
        store.close()
        asked |= ask(client, range(50, 100))
        until(lambda: "predictions wait for their store" in (tmp_path / "log").read_text())
        store.enter_context(s3(folder, urlsplit(environment["AWS_ENDPOINT_URL"]).port))
        until(lambda: len(logged(place)) == len(asked))
        assert logged(place) == without_weekly(asked)
        assert forget(open_store(place), 1, datetime.now(UTC) + timedelta(days=3)) in {1, 2}  # days
        assert logged(place) == {}
