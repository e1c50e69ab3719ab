"""What callers of a real server tell of their predictions becomes outcomes in the catalog."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

from hythe.client import Client
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.registry.feedback import FeedbackCounts
from hythe.runtime.backoff import Backoff
from hythe.runtime.supervisor import SupervisorConfig
from hythe.server.serve import ServeConfig
from hythe.server.worker_spec import Source
from hythe.testing.catalog_file import bring_back, take_away
from hythe.testing.server import Running, running
from hythe.testing.tiny import expected, tiny_endpoint
from hythe.testing.waiting import until

pytestmark = pytest.mark.integration

LABELS = ("no", "yes")


def row(number: int) -> dict[str, Any]:
    return {"tenure": number % 100, "total charges": float(number % 70), "contract": "monthly"}


def outcome(number: int) -> str:
    return LABELS[number % 3 == 0]


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
        supervisor=SupervisorConfig(workers=2, drain_s=0.1, backoff=Backoff(first_s=0.05)),
    )
    with running([tiny_endpoint(tmp_path)], config, log=tmp_path / "log") as found:
        yield found


def until_joined(catalog: Catalog, rows: int) -> None:
    until(lambda: catalog.feedback.counts("churn") == FeedbackCounts(joined=rows))


def total(catalog: Catalog, metric: str) -> tuple[int, float]:
    found = catalog.outcomes.sums("churn", metric, range(10))
    return sum(each.n for each in found), sum(each.total for each in found)


def predicted(client: Client, numbers: range) -> list[str]:
    return [client.predict("churn", [row(number)]).prediction_id for number in numbers]


def items(ids: list[str], numbers: range) -> list[dict[str, Any]]:
    return [
        {"prediction_id": each, "outcome": outcome(number), "values": {"revenue": number / 4}}
        for each, number in zip(ids, numbers, strict=True)
    ]


def test_outcomes_are_scored_as_scikit_learn_does_and_corrections_count(
    server: Running, catalog: Catalog
) -> None:
    numbers = range(200)
    with Client(server.url) as client:
        ids = predicted(client, numbers)
        early = items(ids, numbers)
        assert client.feedback("churn", early) == 200
        until_joined(catalog, 200)
        probabilities = np.array([expected(row(number)) for number in numbers])
        truth = [outcome(number) for number in numbers]
        answers = np.where(probabilities > 0.5, "yes", "no")
        right = int(accuracy_score(truth, answers, normalize=False))
        assert total(catalog, "accuracy") == (200, right)
        brier = brier_score_loss(truth, probabilities, pos_label="yes")
        assert total(catalog, "brier")[1] == pytest.approx(200 * brier)
        loss = log_loss(truth, np.column_stack([1 - probabilities, probabilities]), labels=LABELS)
        assert total(catalog, "log_loss")[1] == pytest.approx(200 * loss)
        assert total(catalog, "value:revenue") == (200, sum(numbers) / 4)
        corrected = [{**item, "outcome": str(label)} for item, label in zip(early, answers, strict=True)]
        assert client.feedback("churn", corrected) == 200
        assert client.feedback("churn", corrected) == 200
        until(lambda: total(catalog, "accuracy") == (200, 200.0))
        assert catalog.feedback.counts("churn") == FeedbackCounts(joined=200)
        counted = {sample.name: sample.value for sample in client.metrics() if "feedback" in sample.name}
        assert counted["hythe_feedback_total"] == 600


def test_a_killed_sidecar_loses_no_feedback(server: Running, catalog: Catalog) -> None:
    numbers = range(300)
    with Client(server.url) as client:
        ids = predicted(client, numbers)
        for start in range(0, 300, 50):
            part = range(start, start + 50)
            assert client.feedback("churn", items(ids[start : start + 50], part)) == 50
            if start == 150:
                for pid in server.pids("hythe.server.sidecar"):
                    os.kill(pid, signal.SIGKILL)
        until_joined(catalog, 300)
    assert total(catalog, "accuracy")[0] == 300


def test_feedback_is_taken_while_the_catalog_is_gone(
    server: Running, catalog: Catalog, tmp_path: Path
) -> None:
    away = tmp_path / "away"
    with Client(server.url) as client:
        ids = predicted(client, range(20))
        assert client.feedback("churn", items(ids[:10], range(10))) == 10
        until(lambda: catalog.feedback.counts("churn").joined == 10)
        catalog.close()
        take_away(tmp_path, away)
        assert client.feedback("churn", items(ids[10:], range(10, 20))) == 10
        until(lambda: bool(list((tmp_path / "observations").glob("*.spool"))))
        bring_back(tmp_path, away)
        until_joined(catalog, 20)


def test_wrong_feedback_is_refused_and_nothing_of_it_is_stored(server: Running, catalog: Catalog) -> None:
    with httpx.Client(base_url=server.url) as client, Client(server.url) as teller:
        [prediction_id] = predicted(teller, range(1))
        good = {"prediction_id": prediction_id, "outcome": "yes"}
        for wrong in ({**good, "outcome": "maybe"}, {**good, "outcome": 1}, {**good, "prediction_id": "x"}):
            said = client.post("/feedback/churn", json={"feedback": [good, wrong]})
            assert said.status_code == 422
            assert said.json()["error"].startswith("feedback[1]: ")
        lines = f'{{"prediction_id": "{prediction_id}", "values": {{"visits": 2}}}}\n'
        headers = {"content-type": "application/x-ndjson"}
        said = client.post("/feedback/churn", content=lines, headers=headers)
        assert (said.status_code, said.json()) == (202, {"taken": 1})
        until_joined(catalog, 1)
    assert total(catalog, "value:visits") == (1, 2.0)
    assert total(catalog, "accuracy") == (0, 0)
