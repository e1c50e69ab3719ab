"""The plan that serving a version puts down, and what of the plan before it stays."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import hythe
from hythe.base.errors import HytheError
from hythe.operations.caching import cache_change
from hythe.operations.serve import endpoints
from hythe.registry.registry import Registry
from hythe.rollout.limits import PlanLimits
from hythe.rollout.plan import CacheOptions, Plan, Shadow


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("packed")
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(50, 2)), columns=list("ab"))
    hythe.pack(LogisticRegression().fit(rows, rows.a > 0), "churn", examples=rows, home=home)
    return home


@pytest.fixture
def registry(packed: Path, tmp_path: Path) -> Iterator[Registry]:
    registry = Registry.open(shutil.copytree(packed, tmp_path / "home"))
    yield registry
    registry.close()


def served(registry: Registry, changes: dict[str, Any]) -> Plan:
    with endpoints(registry, ["churn"], actor="ana", changes=changes) as found:
        spec = found.endpoints[0]
    [record] = registry.catalog.plans()
    assert (msgspec.convert(record.document, Plan), record.revision) == (spec.plan, spec.revision)
    plan: Plan = spec.plan
    return plan


def test_a_cache_is_in_the_plan_until_it_is_switched_off(registry: Registry) -> None:
    assert served(registry, cache_change(None)).cache is None
    assert served(registry, cache_change("60s")).cache == CacheOptions(ttl_s=60)
    assert served(registry, cache_change(None)).cache == CacheOptions(ttl_s=60)
    assert served(registry, cache_change("off")).cache is None


def test_limits_stay_when_the_cache_changes(registry: Registry) -> None:
    first = served(registry, {})
    with registry.catalog.edit(actor="ana") as tx:
        limited = msgspec.structs.replace(first, limits=PlanLimits(rows=5))
        tx.put_plan("churn", msgspec.to_builtins(limited))
    assert served(registry, cache_change("60s")).limits == PlanLimits(rows=5)


def test_what_takes_no_traffic_and_does_not_hold_is_left_out_and_told(registry: Registry) -> None:
    first = served(registry, {})
    with registry.catalog.edit(actor="ana") as tx:
        damaged = "sha256:" + "0" * 64
        tx.add_version("churn", "0.9.0", damaged)
        shadowed = msgspec.structs.replace(first, shadows=(Shadow("0.9.0", damaged),), fallback=("0.9.0",))
        revision = tx.put_plan("churn", msgspec.to_builtins(shadowed))
    with endpoints(registry, ["churn:1.0.0"], actor="ana") as found:
        [spec] = found.endpoints
    assert (spec.plan, spec.revision) == (first, revision)
    assert any("version 0.9.0 of endpoint 'churn' is left out: " in notice for notice in found.notices)
    assert msgspec.convert(registry.catalog.plan("churn").document, Plan) == shadowed


def test_a_version_that_takes_traffic_and_does_not_hold_stops_the_start(registry: Registry) -> None:
    with registry.catalog.edit(actor="ana") as tx:
        tx.add_version("churn", "2.0.0", "sha256:" + "0" * 64)
    with pytest.raises(HytheError), endpoints(registry, ["churn:2.0.0"], actor="ana"):
        pass
    assert registry.catalog.plans() == []


def test_the_same_again_changes_nothing(registry: Registry) -> None:
    served(registry, cache_change("60s"))
    [before] = registry.catalog.plans()
    served(registry, {})
    [after] = registry.catalog.plans()
    assert after.revision == before.revision
