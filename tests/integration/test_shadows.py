"""A real server copies requests to a shadow that disagrees on known rows, and says exactly on which."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from hythe.bundle.feed import Feed
from hythe.bundle.variant import Variant
from hythe.compile.graph import Graph
from hythe.dataplane.spec import EndpointSpec, OnnxFiles, VersionSpec
from hythe.monitor.windows.shadows import ShadowCounts
from hythe.operations.differences import worst
from hythe.operations.observe import observe
from hythe.operations.windows import windows
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.rollout.limits import PlanLimits
from hythe.rollout.plan import Arm, Plan, Shadow
from hythe.runtime.backoff import Backoff
from hythe.runtime.supervisor import SupervisorConfig
from hythe.server.serve import ServeConfig
from hythe.server.worker_spec import Source
from hythe.testing import native
from hythe.testing.server import Running, running
from hythe.testing.tiny import expected, tiny_classifier, tiny_endpoint
from hythe.testing.waiting import until

pytestmark = pytest.mark.integration

CHAMPION, SHADOW = "1.0.0", "1.1.0"
MARGIN = 0.05
SHIFT = 0.3
"""What the shadow adds to the champion's score, before the logistic function."""


def row(number: int) -> dict[str, Any]:
    charges = None if number % 5 == 0 else float(number % 70)
    return {"tenure": number % 40, "total charges": charges, "contract": ("monthly", "yearly")[number % 2]}


def chance(item: dict[str, Any]) -> float:
    """Give the shadow's probability of `yes`."""
    champion = expected(item)
    return 1.0 / (1.0 + math.exp(-(math.log(champion / (1.0 - champion)) + SHIFT)))


def changes(item: dict[str, Any]) -> bool:
    return (expected(item) > 0.5) != (chance(item) > 0.5)


def moves(item: dict[str, Any]) -> bool:
    return abs(expected(item) - chance(item)) > MARGIN


def shadowed_endpoint(folder: Path) -> EndpointSpec:
    """Serve the tiny model, shadowed by one whose contracts weigh more."""
    spec = tiny_endpoint(folder)
    [champion] = spec.versions
    sensitive = champion.schema.replacing("contract", sensitive=True)
    champion = msgspec.structs.replace(champion, schema=sensitive)
    tiny = tiny_classifier(shift=SHIFT)
    graph, variant = folder / "shadow.onnx", folder / "shadow.json"
    graph.write_bytes(tiny.graph)
    variant.write_bytes(tiny.variant.encode())
    shadow = VersionSpec(SHADOW, "sha256:" + "0b" * 32, sensitive, OnnxFiles(str(graph), str(variant)))
    plan = Plan((Arm(CHAMPION, champion.digest),), shadows=(Shadow(SHADOW, shadow.digest, 1.0, MARGIN),))
    return EndpointSpec("churn", plan, (champion, shadow), revision=3)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    found = Catalog(Database(f"sqlite:///{tmp_path / 'catalog.db'}"))
    yield found
    found.close()


@pytest.fixture
def server(tmp_path: Path, catalog: Catalog) -> Iterator[Running]:
    assert catalog.observations.endpoints() == []  # the catalog is there before the server
    config = ServeConfig(
        port=0,
        source=Source(str(tmp_path), f"sqlite:///{tmp_path / 'catalog.db'}"),
        access_log=str(tmp_path / "access.log"),
        join_share=1.0,
        supervisor=SupervisorConfig(workers=2, drain_s=0.1, backoff=Backoff(first_s=0.05)),
    )
    with running([shadowed_endpoint(tmp_path)], config, log=tmp_path / "log") as found:
        yield found


def counted(catalog: Catalog) -> ShadowCounts:
    """Add up what windows say of the shadow."""
    found = windows(catalog.observations, "churn", SHADOW)
    assert {(window.share, window.revision) for window in found} <= {(0.0, 3)}
    numbers = [window.statistics["shadow"] for window in found]
    return ShadowCounts(*map(sum, zip(*numbers, strict=True))) if numbers else ShadowCounts()


def until_all_are_compared(catalog: Catalog, server: Running, copies: int) -> ShadowCounts:
    """Look until every copy is in the catalog, or known to be dropped."""
    until(
        lambda: counted(catalog).copies == copies,
        lambda: (counted(catalog), httpx.get(f"{server.url}/metrics").text),
    )
    return counted(catalog)


def test_windows_and_differences_say_on_which_rows_a_shadow_disagrees(
    server: Running, catalog: Catalog, tmp_path: Path
) -> None:
    requests = [[row(number)] if number % 4 else [row(number), row(number + 1)] for number in range(120)]
    ids: dict[str, list[dict[str, Any]]] = {}
    with httpx.Client(base_url=server.url) as client:
        for rows in requests:
            said = client.post("/predict/churn", json={"rows": rows}).json()
            assert said["version"] == CHAMPION
            chances = [one["probabilities"]["yes"] for one in said["predictions"]]
            assert chances == pytest.approx([expected(item) for item in rows])
            ids[said["prediction_id"]] = rows
        assert client.post("/predict/churn", content=b"[").status_code == 400
    found = until_all_are_compared(catalog, server, len(requests))
    changed = [round(1000 * sum(map(changes, rows)) / len(rows)) for rows in requests]
    moved = [round(1000 * sum(map(moves, rows)) / len(rows)) for rows in requests]
    assert 0 < sum(changed) < 1000 * len(requests)
    assert found[:6] == (
        len(requests), 0, sum(changed), sum(n * n for n in changed), sum(moved), sum(n * n for n in moved),
    )  # fmt: skip
    sizes = {
        f"{identity}:{place}": changes(item) + abs(expected(item) - chance(item))
        for identity, rows in ids.items()
        for place, item in enumerate(rows)
        if changes(item) or moves(item)
    }
    told = worst(catalog, "churn", SHADOW)
    assert len(told) == 20
    assert [one.size for one in told] == pytest.approx(worst_sizes(ids, sizes)[:20])
    for one in told:
        identity, _, place = one.id.rpartition(":")
        item = ids[identity][int(place)]
        assert one.features == {"tenure": item["tenure"], "total charges": item["total charges"]}
        assert one.answer["probabilities"]["yes"] == pytest.approx(expected(item))
        assert one.shadow_answer is not None
        assert one.shadow_answer["probabilities"]["yes"] == pytest.approx(chance(item))
    seen = {item.version: item for item in observe(catalog.observations, "churn", 3600).versions}
    assert seen[CHAMPION].requests == {"answered": len(requests), "refused:malformed": 1}
    assert seen[SHADOW].requests == {}
    shown = seen[SHADOW].shadow
    assert shown is not None
    assert (shown.copies, shown.failed) == (len(requests), 0)
    log = (tmp_path / "access.log").read_text().splitlines()
    assert len(log) == len(requests) + 1
    assert SHADOW not in "".join(log)


def worst_sizes(ids: dict[str, list[dict[str, Any]]], sizes: dict[str, float]) -> list[float]:
    """Give the sizes of the worst row of each request, the worst first."""
    each = [
        max(
            (sizes[f"{identity}:{place}"] for place in range(len(rows)) if f"{identity}:{place}" in sizes),
            default=0,
        )
        for identity, rows in ids.items()
    ]
    return sorted(filter(None, each), reverse=True)


def test_nobody_can_ask_for_a_version_that_is_only_a_shadow(server: Running) -> None:
    said = httpx.post(f"{server.url}/v2/models/churn/versions/{SHADOW}/infer", json={"inputs": []})
    assert said.status_code == 404


def doubled_endpoint(folder: Path) -> EndpointSpec:
    """Serve a proven graph that doubles, shadowed by a native model that does so too, or dies."""
    graph = Graph()
    doubled = graph.input("numbers", np.float64, 1).column(0) * 2.0
    (folder / "double.onnx").write_bytes(graph.build({"value": doubled}).SerializeToString())
    variant = Variant(Feed(numbers=("x",)), ("value",))
    (folder / "double.json").write_bytes(variant.encode())
    files = OnnxFiles(str(folder / "double.onnx"), str(folder / "double.json"))
    champion = VersionSpec(CHAMPION, "sha256:" + "0a" * 32, native.SCHEMA, files)
    [shadow] = native.misbehaving_endpoint(folder / "native").versions
    shadow = msgspec.structs.replace(shadow, version=SHADOW)
    plan = Plan(
        (Arm(CHAMPION, champion.digest),),
        shadows=(Shadow(SHADOW, shadow.digest, 1.0),),
        limits=PlanLimits(timeout_s=1.0),
    )
    return EndpointSpec("double", plan, (champion, shadow), revision=3)


def test_callers_notice_nothing_of_a_shadow_that_raises_dies_or_hangs(tmp_path: Path) -> None:
    def copies(outcome: str) -> float:
        text = httpx.get(f"{server.url}/metrics").text
        found = re.search(rf'hythe_shadow_total{{.*outcome="{outcome}".*}} (\d+)', text)
        return float(found[1]) if found else 0.0

    def until_copies(outcome: str, least: float) -> None:
        def enough() -> bool:
            assert client.post("/predict/double", json={"x": 1.0}).status_code == 200
            return copies(outcome) >= least

        until(enough, lambda: (outcome, *map(copies, ("answered", "failed", "dropped"))))

    config = ServeConfig(port=0, supervisor=SupervisorConfig(workers=1))
    with (
        running([doubled_endpoint(tmp_path)], config, log=tmp_path / "log") as server,
        httpx.Client(base_url=server.url) as client,
    ):
        workers = server.workers()
        until_copies("answered", 3)
        for x in (native.RAISES, native.DIES, native.HANGS):
            failed, answered = copies("failed"), copies("answered")
            said = client.post("/predict/double", json={"x": x})
            assert (said.status_code, said.json()["predictions"]) == (200, [{"value": 2 * x}])
            until_copies("failed", failed + 1)
            until_copies("answered", answered + 1)
        assert server.workers() == workers
