"""One request's way: read, admitted, answered, counted."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from hythe.base.errors import Corrupt, HytheError, Internal, Invalid, NotFound, TooLarge
from hythe.dataplane.admit import Limits
from hythe.dataplane.ask import Ask
from hythe.dataplane.meter import ROWS
from hythe.dataplane.plane import DataPlane
from hythe.runtime.batch import RowReader
from hythe.runtime.batch_policy import BatchPolicy
from hythe.runtime.counters import Counters
from hythe.testing.plane import make_plane
from hythe.testing.tiny import expected, tiny_endpoint

ROW = {"tenure": 4, "total charges": 20.5, "contract": "monthly"}


@pytest_asyncio.fixture
async def plane(tmp_path: Path, counters: Counters) -> AsyncIterator[DataPlane]:
    plane = make_plane(tiny_endpoint(tmp_path), counters=counters, limits=Limits(rows=3))
    await plane.start()
    yield plane
    await plane.close()


def reads(*rows: dict[str, Any]) -> Callable[[RowReader], Awaitable[Any]]:
    async def read(reader: RowReader) -> Any:
        return reader.convert_all(rows)

    return read


def counted(counters: Counters, name: str) -> dict[tuple[str, ...], float]:
    series = counters.read()
    return {
        tuple(value for _, value in labels): values[0] for (n, labels), values in series.items() if n == name
    }


async def test_rows_get_answers_an_id_and_a_version(plane: DataPlane) -> None:
    prediction = await plane.predict("churn", reads(ROW, ROW | {"tenure": 50}))
    assert prediction.version.spec.version == "1.0.0"
    assert prediction.answers["probabilities"][:, 1] == pytest.approx(
        [expected(ROW), expected(ROW | {"tenure": 50})], rel=1e-12
    )
    again = await plane.predict("churn", reads(ROW))
    assert again.id != prediction.id


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ([], Invalid, "no rows; send at least one"),
        ([ROW] * 4, TooLarge, "4 rows, more than 3"),
        ([ROW, ROW | {"total charges": float("inf")}], Invalid, r"rows\[1\]: the model refuses it"),
        ([ROW | {"tenure": -1}], Invalid, r"rows\[0\]\.tenure is -1"),
    ],
)
async def test_what_cannot_be_answered_is_refused_and_counted(
    plane: DataPlane, counters: Counters, rows: list[dict[str, Any]], error: type[HytheError], message: str
) -> None:
    with pytest.raises(error, match=message):
        await plane.predict("churn", reads(*rows))
    [(labels, count)] = counted(counters, "hythe_requests_total").items()
    assert labels[2:] == ("refused", error.code)
    assert count == 1
    assert counted(counters, "hythe_in_flight") == {("churn",): 0}


async def test_a_large_request_is_answered_in_parts(tmp_path: Path, counters: Counters) -> None:
    policy = BatchPolicy(max_rows=4, loop_ms=0.0)
    plane = make_plane(tiny_endpoint(tmp_path), counters=counters, policy=policy)
    await plane.start()
    rows = [ROW | {"tenure": tenure} for tenure in range(10)]
    prediction = await plane.predict("churn", reads(*rows))
    rows[7]["total charges"] = float("inf")
    with pytest.raises(Invalid, match=r"rows\[7\]: the model refuses it"):
        await plane.predict("churn", reads(*rows))
    await plane.close()
    assert prediction.answers["probabilities"][:, 1] == pytest.approx(
        [expected(ROW | {"tenure": tenure}) for tenure in range(10)], rel=1e-12
    )
    [calls] = [values for (name, _), values in counters.read().items() if name == "hythe_batch_rows"]
    assert {bound: count for bound, count in zip(ROWS, calls, strict=False) if count} == {2.0: 2, 4.0: 4}
    assert calls[-1] == 20


async def test_every_outcome_is_counted_exactly(plane: DataPlane, counters: Counters) -> None:
    async def broken(_reader: RowReader) -> Any:
        raise ZeroDivisionError

    for _ in range(5):
        await plane.predict("churn", reads(ROW, ROW))
    for _ in range(2):
        with pytest.raises(Invalid):
            await plane.predict("churn", reads({}))
    with pytest.raises(Internal):
        await plane.predict("churn", broken)
    assert counted(counters, "hythe_requests_total") == {
        ("churn", "1.0.0", "answered", ""): 5,
        ("churn", "1.0.0", "refused", "invalid"): 2,
        ("churn", "1.0.0", "failed", "internal"): 1,
    }
    assert counted(counters, "hythe_rows_total") == {("churn", "1.0.0"): 10}


async def test_what_is_not_there_is_named(plane: DataPlane) -> None:
    with pytest.raises(NotFound, match="no endpoint 'chum'; endpoints: churn"):
        await plane.predict("chum", reads(ROW))
    with pytest.raises(NotFound, match=r"does not serve version '2\.0\.0'; versions: 1\.0\.0"):
        await plane.predict("churn", reads(ROW), Ask(version="2.0.0"))


async def test_a_plane_is_ready_once_its_models_are_loaded(
    tmp_path: Path, plane: DataPlane, counters: Counters
) -> None:
    assert plane.ready
    assert not make_plane(tiny_endpoint(tmp_path), counters=counters).ready


async def test_files_that_are_gone_or_damaged_are_named(tmp_path: Path, counters: Counters) -> None:
    spec = tiny_endpoint(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"nonsense")
    with pytest.raises(Corrupt, match="cannot load the graph"):
        await make_plane(spec, counters=counters).start()
    (tmp_path / "variant.json").unlink()
    with pytest.raises(Corrupt, match=r"variant\.json cannot be read"):
        await make_plane(spec, counters=counters).start()
