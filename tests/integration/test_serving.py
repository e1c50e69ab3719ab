"""A real server on a free port: answers, counts, and what happens when processes end."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.integration.chaos.processes import freeze

from hythe.base.errors import Unavailable
from hythe.dataplane.admit import Limits
from hythe.runtime.backoff import Backoff
from hythe.runtime.session_config import SessionConfig
from hythe.runtime.supervisor import SupervisorConfig
from hythe.server.serve import ServeConfig, serve
from hythe.testing.door import open_door
from hythe.testing.native import DIES, HANGS, RAISES, misbehaving_endpoint
from hythe.testing.server import Running, running
from hythe.testing.tiny import expected, tiny_endpoint
from hythe.testing.waiting import PATIENCE_S, PAUSE_S

pytestmark = pytest.mark.integration

TWO_WORKERS = ServeConfig(
    port=0,
    limits=Limits(body_bytes=100_000),
    session=SessionConfig(backoff=Backoff(first_s=0.05)),
    supervisor=SupervisorConfig(workers=2, drain_s=0.3, backoff=Backoff(first_s=0.05)),
)
ROW = {"tenure": 4, "total charges": 20.5, "contract": "monthly"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    (tmp_path / "native").mkdir()
    endpoints = [tiny_endpoint(tmp_path), misbehaving_endpoint(tmp_path / "native")]
    with running(endpoints, TWO_WORKERS, log=tmp_path / "log") as found:
        yield found


def rows(number: int) -> list[dict[str, Any]]:
    return [ROW | {"tenure": (number + i) % 100} for i in range(1 + number % 3)]


async def until(condition: Callable[[], Any]) -> None:
    """Ask again and again, each time over the network, until it holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110 - another process is waited for
            await asyncio.sleep(PAUSE_S)


def samples(text: str, name: str) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


async def metrics(server: Running) -> str:
    """Read them over a new connection, which either worker may take."""
    async with httpx.AsyncClient(base_url=server.url) as client:
        return (await client.get("/metrics")).text


async def until_counted(server: Running, wanted: Mapping[Any, float]) -> None:
    """Wait until these are counted: a worker does that behind its reply, and another may be asked."""

    async def counted() -> bool:
        return samples(await metrics(server), "hythe_requests_total") == wanted

    await until(counted)


async def test_concurrent_requests_get_their_own_answers_and_are_counted_exactly(server: Running) -> None:
    limits = httpx.Limits(max_connections=16)
    async with httpx.AsyncClient(base_url=server.url, limits=limits) as client:

        async def ask(number: int) -> str:
            reply = await client.post("/predict/churn", json={"rows": rows(number)})
            assert reply.status_code == 200
            document = reply.json()
            given = [answer["probabilities"]["yes"] for answer in document["predictions"]]
            assert given == pytest.approx([expected(row) for row in rows(number)], rel=1e-12)
            return str(document["prediction_id"])

        ids = await asyncio.gather(*(ask(number) for number in range(300)))
        assert len(set(ids)) == 300
        for number in range(20):
            wrong = {"rows": [ROW, ROW | {"tenure": f"no {number}"}]}
            reply = await client.post("/predict/churn", json=wrong)
            assert reply.status_code == 422
            assert (
                reply.json()["error"] == f'rows[1].tenure is "no {number}"; expected an integer from 0 to 100'
            )

    wanted = {("churn", "1.0.0", "answered", ""): 300.0, ("churn", "1.0.0", "refused", "invalid"): 20.0}
    await until_counted(server, wanted)
    for _ in range(6):
        text = await metrics(server)
        assert samples(text, "hythe_requests_total") == wanted
        assert samples(text, "hythe_rows_total") == {
            ("churn", "1.0.0"): sum(len(rows(n)) for n in range(300))
        }


class Load:
    """Clients that ask, and hardly pause, until the server refuses connections; what else goes wrong is lost.

    Eight of them have something in flight nearly all the time, and leave a processor to workers that start.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.answered = 0
        self.lost: Counter[str] = Counter()
        self.ended = False

    async def client(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, timeout=PATIENCE_S) as client:
            while not self.ended:
                await asyncio.sleep(PAUSE_S)
                try:
                    reply = await client.post("/predict/churn", json={"rows": [ROW]})
                except httpx.ConnectError:
                    return
                except httpx.HTTPError as err:
                    self.lost[type(err).__name__] += 1
                    return
                if reply.status_code == 200:
                    self.answered += 1
                else:
                    self.lost[str(reply.status_code)] += 1

    async def have_answered(self, more: int) -> None:
        target = self.answered + more

        async def enough() -> bool:
            return self.answered >= target

        await until(enough)


async def test_a_stop_under_load_loses_nothing(server: Running) -> None:
    load = Load(server.url)
    clients = [asyncio.create_task(load.client()) for _ in range(8)]
    await load.have_answered(200)
    server.terminate()
    await asyncio.wait_for(asyncio.gather(*clients), PATIENCE_S)
    assert load.lost == {}
    assert await asyncio.to_thread(server.wait) == 0


async def test_the_planned_end_of_one_worker_loses_nothing(server: Running) -> None:
    load = Load(server.url)
    clients = [asyncio.create_task(load.client()) for _ in range(8)]
    await load.have_answered(100)
    for _ in range(2):
        before = set(server.workers())
        ending = min(before)
        os.kill(ending, signal.SIGTERM)

        async def replaced(before: set[int] = before, ending: int = ending) -> bool:
            now = set(server.workers())
            return ending not in now and len(now) == len(before)

        await until(replaced)
        await load.have_answered(100)
    load.ended = True
    await asyncio.wait_for(asyncio.gather(*clients), PATIENCE_S)
    assert load.lost == {}


async def test_a_killed_worker_comes_back(server: Running) -> None:
    killed = server.workers()[0]
    os.kill(killed, signal.SIGKILL)

    async def restarted() -> bool:
        text = await metrics(server)
        return samples(text, "hythe_worker_restarts_total") == {("http",): 1} and len(server.workers()) == 2

    await until(restarted)
    assert killed not in server.workers()
    for _ in range(10):
        async with httpx.AsyncClient(base_url=server.url) as client:
            assert (await client.post("/predict/churn", json=ROW)).status_code == 200


async def test_a_native_model_refuses_crashes_and_comes_back_while_others_answer(server: Running) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:

        async def double(x: float) -> httpx.Response:
            return await client.post("/predict/double", json={"rows": [{"x": 1.0}, {"x": x}]})

        assert (await double(2.0)).json()["predictions"] == [{"value": 2.0}, {"value": 4.0}]
        refused = await double(RAISES)
        assert refused.status_code == 422
        assert refused.json()["error"] == "rows[1]: the model refuses it: ValueError: x is -1.0"
        died = await double(DIES)
        assert (died.status_code, died.headers["retry-after"]) == (503, "1")
        assert "exit status 7" in died.json()["error"]
        assert (await client.post("/predict/churn", json=ROW)).status_code == 200

        async def back() -> bool:
            return (await double(2.0)).status_code == 200

        await until(back)


async def test_a_second_signal_kills_what_will_not_end(tmp_path: Path) -> None:
    config = ServeConfig(port=0, supervisor=SupervisorConfig(workers=2, drain_s=PATIENCE_S))
    with running([misbehaving_endpoint(tmp_path)], config, log=tmp_path / "log") as server:
        await ask_and_signal_twice(server)


async def ask_and_signal_twice(server: Running) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as client:
        hanging = asyncio.create_task(client.post("/predict/double", json={"x": HANGS}))

        async def in_flight() -> bool:
            text = (await client.get("/metrics")).text
            return samples(text, "hythe_in_flight").get(("double",)) == 1

        await until(in_flight)
        server.terminate()

        async def draining() -> bool:
            return (await client.get("/health/ready")).status_code == 503

        await until(draining)
        server.terminate()
        with pytest.raises(httpx.HTTPError):
            await hanging
    assert await asyncio.to_thread(server.wait) == 0


async def test_a_worker_that_hears_of_the_end_late_still_announces_it_for_as_long(tmp_path: Path) -> None:
    config = ServeConfig(port=0, supervisor=SupervisorConfig(workers=1, drain_s=2.0))
    with running([tiny_endpoint(tmp_path)], config, log=tmp_path / "log") as server:
        async with httpx.AsyncClient(base_url=server.url) as client:
            assert (await client.post("/predict/churn", json=ROW)).status_code == 200
            [worker] = server.workers()
            freeze(worker)
            server.terminate()

            async def door_is_locked() -> bool:
                try:
                    async with httpx.AsyncClient(base_url=server.url) as other:
                        await other.get(
                            "/health/live", timeout=httpx.Timeout(PATIENCE_S, connect=1.0, read=0.1)
                        )
                except httpx.ReadTimeout:
                    return False
                except httpx.ConnectTimeout:
                    return True
                raise AssertionError("one that is stopped has answered")

            await until(door_is_locked)
            os.kill(worker, signal.SIGCONT)
            await asyncio.sleep(0.2)  # it has heard of all by now
            assert (await client.post("/predict/churn", json=ROW)).status_code == 200
        assert await asyncio.to_thread(server.wait) == 0


async def test_a_body_beyond_the_limit_is_refused_however_it_comes(server: Running) -> None:
    async def pieces() -> Any:
        for _ in range(120):  # what comes behind the refusal is read, as far as the limit once more
            yield b" " * 1000

    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.post("/predict/churn", content=b" " * 100_001)).status_code == 413
        assert (await client.post("/predict/churn", content=pieces())).status_code == 413
        assert (await client.post("/predict/churn", json=ROW)).status_code == 200


def test_a_model_that_cannot_be_loaded_ends_the_start_with_its_reason(tmp_path: Path) -> None:
    endpoint = tiny_endpoint(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"nonsense")
    with pytest.raises(Unavailable, match=r"the http process cannot start: .*cannot load the graph"):
        serve([endpoint], ServeConfig(port=0))


def test_an_address_that_is_taken_is_told(tmp_path: Path) -> None:
    with open_door("127.0.0.1", 0) as door:
        config = ServeConfig(port=door.getsockname()[1])
        with pytest.raises(Unavailable, match="cannot listen on"):
            serve([tiny_endpoint(tmp_path)], config)


def test_a_worker_of_proven_models_loads_neither_tables_nor_a_catalog_to_answer_rows(tmp_path: Path) -> None:
    unwanted = ("pyarrow", "pandas", "sqlalchemy", "sklearn")
    with running([tiny_endpoint(tmp_path)], ServeConfig(port=0)) as server:
        assert httpx.post(f"{server.url}/predict/churn", json=ROW).status_code == 200
        (worker,) = server.workers()
        loaded = Path(f"/proc/{worker}/maps").read_text()
    assert "/onnxruntime/" in loaded
    assert [name for name in unwanted if f"/{name}/" in loaded] == []
