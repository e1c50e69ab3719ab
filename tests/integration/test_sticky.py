"""A real server of two arms: a key stays with its arm at every door, and counts by the plan that drew it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest
import tritonclient.grpc as triton
from sqlalchemy import RowMapping, select
from tests.integration.test_changing import TWO_WORKERS, two_versions
from tests.integration.test_serving import ROW

from hythe.operations.windows import windows
from hythe.registry.registry import Registry
from hythe.registry.tables import outcomes
from hythe.rollout.choose import choose
from hythe.rollout.plan import Arm, Plan
from hythe.rollout.sticky import key_hash
from hythe.server.serve import ServeConfig
from hythe.server.worker_spec import Source
from hythe.testing.server import running
from hythe.testing.tiny import DIGEST
from hythe.testing.waiting import until

pytestmark = pytest.mark.integration

USERS = [f"user-{number}" for number in range(60)]
COLUMNS: list[dict[str, Any]] = [
    {"name": "tenure", "shape": [1, 1], "datatype": "INT64", "data": [ROW["tenure"]]},
    {"name": "total charges", "shape": [1, 1], "datatype": "FP64", "data": [ROW["total charges"]]},
    {"name": "contract", "shape": [1, 1], "datatype": "BYTES", "data": [ROW["contract"]]},
]


def split(first: float, second: float) -> Plan:
    arms = (Arm("1.0.0", DIGEST, first), Arm("1.1.0", DIGEST, second))
    return Plan(arms, sticky="header:X-User", rollout="r1", join_share=1.0)


def test_a_key_stays_with_its_arm_and_counts_under_the_plan_that_drew_it(tmp_path: Path) -> None:
    registry = Registry.open(tmp_path)
    plans = {}
    with registry.catalog.edit(actor="ana") as tx:
        plans[tx.put_plan("churn", msgspec.to_builtins(split(3, 1)))] = split(3, 1)
    spec = msgspec.structs.replace(two_versions(tmp_path), plan=split(3, 1), revision=1)
    source = Source(str(tmp_path), f"sqlite:///{tmp_path / 'catalog.db'}")
    config = ServeConfig(port=0, grpc_port=0, supervisor=TWO_WORKERS, source=source)
    with running([spec], config, log=tmp_path / "log") as server, httpx.Client(base_url=server.url) as client:
        asked = Counter(ask_all(client, split(3, 1), 1)) + Counter(call_all(server.grpc, split(3, 1), 1))
        with registry.catalog.edit(actor="ana") as tx:
            tx.put_plan("churn", msgspec.to_builtins(split(1, 3)))
        moved = next(user for user in USERS if arm(split(3, 1), user) != arm(split(1, 3), user))
        until_it_moves(client, moved, arm(split(1, 3), moved))
        asked += Counter(ask_all(client, split(1, 3), 2))
        counted = until_counted(registry, asked)
    assert {revision for revision, _, _ in counted} == {1, 2}
    assert {(version, share) for _, version, share in counted} == {
        ("1.0.0", 0.75), ("1.1.0", 0.25), ("1.0.0", 0.25), ("1.1.0", 0.75),
    }  # fmt: skip
    keys_counted_once(registry)
    registry.close()


def arm(plan: Plan, user: str) -> str:
    return choose(plan.arms, key_hash(user)).version


def share_of(plan: Plan, user: str) -> float:
    return {item.version: item.weight / 4 for item in plan.arms}[arm(plan, user)]


def ask_all(client: httpx.Client, plan: Plan, revision: int) -> list[tuple[int, str, float]]:
    """Ask at two doors for every user; the second waits for its answer, the first does not."""
    asked = []
    for user in USERS:
        headers = {"X-User": user}
        said = client.post("/predict/churn", json=ROW, headers=headers)
        other = client.post("/v2/models/churn/infer", json={"inputs": COLUMNS}, headers=headers)
        assert (said.status_code, other.status_code) == (200, 200), (said.text, other.text)
        assert said.json()["version"] == other.json()["model_version"] == arm(plan, user)
        asked += 2 * [(revision, arm(plan, user), share_of(plan, user))]
    return asked


def call_all(address: str, plan: Plan, revision: int) -> list[tuple[int, str, float]]:
    """Ask by gRPC for every user."""
    inputs = []
    for column in COLUMNS:
        given = triton.InferInput(column["name"], [1, 1], column["datatype"])
        dtype = {"INT64": np.int64, "FP64": np.float64, "BYTES": np.object_}[column["datatype"]]
        inputs.append(given.set_data_from_numpy(np.array([column["data"]], dtype)))
    asked = []
    with triton.InferenceServerClient(address) as client:
        for user in USERS:
            said = client.infer("churn", inputs, headers={"x-user": user})
            assert said.get_response().model_version == arm(plan, user)
            asked.append((revision, arm(plan, user), share_of(plan, user)))
    return asked


def until_it_moves(client: httpx.Client, user: str, version: str) -> None:
    """Ask, on the client's connection and new ones, until nine answers on end are of the user's new arm."""

    def answers(*, anew: bool) -> bool:
        ask = httpx.post if anew else client.post
        said = ask(f"{client.base_url}/predict/churn", json=ROW, headers={"X-User": user})
        return bool(said.json()["version"] == version)

    until(lambda: answers(anew=False) and all(answers(anew=True) for _ in range(8)))


def until_counted(
    registry: Registry, asked: Counter[tuple[int, str, float]]
) -> Counter[tuple[int, str, float]]:
    """Look until all that was asked is in the catalog, beside what was asked while the plan moved."""

    def counted() -> Counter[tuple[int, str, float]]:
        found: Counter[tuple[int, str, float]] = Counter()
        for window in windows(registry.catalog.observations, "churn"):
            found[window.revision or 0, window.version, window.share or 0.0] += window.count("answered")
        return found

    until(lambda: asked <= counted(), lambda: (asked, counted()))
    return counted()


def keys_counted_once(registry: Registry) -> None:
    """Of every key stands one outcome of each metric under each plan, with the arm that answered it."""

    def stored() -> Sequence[RowMapping]:
        with registry.catalog.observations._database.reading() as connection:
            return connection.execute(select(outcomes)).mappings().all()

    def told() -> Counter[tuple[int, str, str]]:
        return Counter((row["revision"], row["key"], row["metric"]) for row in stored())

    metrics = {"error_rate", "refusal_rate", "latency", "prediction"}
    wanted = {(n, key_hash(user), metric) for n in (1, 2) for user in USERS for metric in metrics}
    until(lambda: set(told()) == wanted, lambda: wanted ^ set(told()))
    rows = stored()
    assert set(told().values()) == {1}
    plans = {1: split(3, 1), 2: split(1, 3)}
    keys = {key_hash(user): user for user in USERS}
    assert all(row["version"] == arm(plans[row["revision"]], keys[row["key"]]) for row in rows)
