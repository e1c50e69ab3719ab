"""A version has answered before it takes traffic."""

from typing import Any

import msgspec
import pytest

from hythe.base.errors import Invalid, Unavailable
from hythe.bundle.schema import Output, Schema, Tensor
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.spec import EndpointSpec
from hythe.rollout.plan import Plan
from hythe.runtime.onnx import OnnxModel
from hythe.runtime.session import OnnxSession

NEW = "1.1.0"


def with_new(plane: DataPlane, **fields: Any) -> EndpointSpec:
    """Give the endpoint with another version in place of the one it has."""
    spec = plane.endpoint("churn").spec
    version = msgspec.structs.replace(spec.versions[0], version=NEW, **fields)
    return msgspec.structs.replace(spec, plan=Plan.of(NEW, version.digest), versions=(version,))


async def test_a_new_version_answers_one_row_and_many_before_it_takes_traffic(
    plane: DataPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, run = plane.endpoint("churn"), OnnxModel.run
    seen: list[tuple[int, bool]] = []

    def watched(self: OnnxModel, feeds: Any) -> Any:
        seen.append((len(feeds["numbers"]), NEW in endpoint.versions))
        return run(self, feeds)

    monkeypatch.setattr(OnnxModel, "run", watched)
    await plane.apply([with_new(plane)])
    assert {rows for rows, _ in seen} == {1, 32}
    assert not any(takes_traffic for _, takes_traffic in seen)
    assert NEW in endpoint.versions


async def test_what_a_call_takes_is_known_before_the_first_request(plane: DataPlane) -> None:
    assert plane.endpoint("churn").version("1.0.0").batcher.cost.known


async def test_a_version_that_cannot_answer_here_is_not_switched_in(
    plane: DataPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_self: OnnxSession, _batch: Any) -> Any:
        raise RuntimeError("CUDA error 2: out of memory")

    monkeypatch.setattr(OnnxSession, "feed", fails)
    with pytest.raises(Unavailable, match=r"version 1\.1\.0 cannot answer its example here: CUDA error 2"):
        await plane.apply([with_new(plane)])
    assert list(plane.endpoint("churn").versions) == ["1.0.0"]


async def test_a_version_that_refuses_the_row_is_warm_all_the_same(
    plane: DataPlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(_self: OnnxSession, _batch: Any) -> Any:
        raise Invalid("rows[0]: the model refuses it")

    monkeypatch.setattr(OnnxSession, "feed", refuses)
    await plane.apply([with_new(plane)])
    assert plane.ready


@pytest.mark.parametrize("example", [None, {"some": "other model's"}])
async def test_without_a_row_of_its_own_a_version_is_warmed_by_one_that_fits_its_schema(
    plane: DataPlane, monkeypatch: pytest.MonkeyPatch, example: Any
) -> None:
    fed: list[Any] = []

    def refuses(_self: OnnxSession, batch: Any) -> Any:
        fed.append(batch)
        raise Invalid("rows[0]: the model refuses it")

    monkeypatch.setattr(OnnxSession, "feed", refuses)
    tensors = Schema((Tensor("pixels", "float32", (2, -1)),), (Output("value", "float64"),), "tensors")
    spec = with_new(plane, schema=tensors)
    await plane.apply([msgspec.structs.replace(spec, example=example)])
    assert [batch["pixels"].shape for batch in fed] == [(1, 2, 1)] * 3 + [(32, 2, 1)] * 3
