"""What a server serves that is told no names: every endpoint of the catalog, as its plan stands."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import hythe
from hythe.operations import serve_all
from hythe.operations.prepare import prepare
from hythe.operations.prepared import Prepared
from hythe.operations.serve_all import all_endpoints
from hythe.operations.size import size_of_all
from hythe.registry.registry import Registry


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home with churn 1.0.0 and no endpoint."""
    home = tmp_path_factory.mktemp("packed")
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(50, 2)), columns=list("ab"))
    hythe.pack(LogisticRegression().fit(rows, rows.a > 0), "churn", examples=rows, version="1.0.0", home=home)
    return home


@pytest.fixture
def registry(packed: Path, tmp_path: Path) -> Iterator[Registry]:
    registry = Registry.open(Path(shutil.copytree(packed, tmp_path / "home")))
    yield registry
    registry.close()


def put(registry: Registry, endpoint: str, **fields: Any) -> None:
    digest = registry.resolve("churn:1.0.0").digest
    plan = {"model": "churn", "arms": [{"version": "1.0.0", "digest": digest}], **fields}
    with registry.catalog.edit(actor="ana") as tx:
        tx.put_plan(endpoint, plan)


def test_without_endpoints_there_is_nothing_to_serve_and_nothing_wrong(registry: Registry) -> None:
    with all_endpoints(registry) as served:
        assert served == ([], [])
    assert size_of_all(registry, None, 2, None).workers == 2


def test_endpoints_are_served_as_their_plans_stand_and_a_version_is_prepared_once(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = []

    def counted(*args: Any, **how: Any) -> Prepared:
        prepared.append(args[1])
        return prepare(*args, **how)

    monkeypatch.setattr(serve_all, "prepare", counted)
    put(registry, "one")
    put(registry, "two", join_share=0.5)
    before = registry.history()
    with all_endpoints(registry) as served:
        assert [(spec.name, spec.revision) for spec in served.endpoints] == [("one", 1), ("two", 1)]
        assert [spec.plan.join_share for spec in served.endpoints] == [None, 0.5]
    assert prepared == ["churn:1.0.0"]
    assert registry.history() == before


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"arms": []}, "has no arm"),
        ({"arms": "none"}, "is wrong"),
        ({"format": 99}, "newer Hythe"),
        ({"arms": [{"version": "9.0.0", "digest": "sha256:0"}]}, "9.0.0"),
        ({"arms": [{"version": "1.0.0", "digest": "sha256:0"}]}, "the plan says"),
    ],
)
def test_an_endpoint_that_cannot_be_served_is_told_and_leaves_the_others_alone(
    registry: Registry, fields: dict[str, Any], reason: str
) -> None:
    put(registry, "bad", **fields)
    put(registry, "good")
    with all_endpoints(registry) as served:
        assert [spec.name for spec in served.endpoints] == ["good"]
        (notice,) = served.notices
    assert notice.startswith("endpoint 'bad' is not served: ")
    assert reason in notice
    assert size_of_all(registry, None, None, 1).threads == 1
