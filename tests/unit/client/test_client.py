"""Both clients against servers that behave, and servers that do not."""

import asyncio
import inspect
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import hythe
from hythe.base.errors import (
    Busy,
    Corrupt,
    HytheError,
    Invalid,
    NotFound,
    TimedOut,
    Unauthenticated,
    Unavailable,
)
from hythe.client import AsyncClient, Client, Patience, Predictions
from hythe.testing.scripted_server import RESET, SILENCE, Step, scripted

ROW = {"tenure": 4}
GOOD = Step(
    document={"predictions": [{"label": "yes"}], "version": "1.0.0", "prediction_id": "p", "later": 1}
)
QUICK = Patience(first_s=0.001, most_s=0.002)
FULL = Step(429, {"error": "no room", "code": "busy"}, (("retry-after", "0"),))
LOADING = Step(503, {"error": "loading", "code": "unavailable"})

Ask = Callable[[Any], Awaitable[Any]]


async def ask_sync(url: str, ask: Callable[[Any], Any], **settings: Any) -> tuple[Any, Any]:
    def run() -> tuple[Any, Any]:
        with Client(url, **settings) as client:
            return ask(client), client.stats

    return await asyncio.to_thread(run)


async def ask_async(url: str, ask: Callable[[Any], Any], **settings: Any) -> tuple[Any, Any]:
    async with AsyncClient(url, **settings) as client:
        return await ask(client), client.stats


@pytest.fixture(params=[ask_sync, ask_async], ids=["sync", "async"])
def asking(request: pytest.FixtureRequest) -> Any:
    return request.param


def predict(client: Any) -> Any:
    return client.predict("churn", [ROW])


async def test_answers_come_back_typed(asking: Any) -> None:
    with scripted(GOOD) as server:
        found, stats = await asking(server.url, predict, key="hk_a_b")
    assert isinstance(found, Predictions)
    assert (found.answers, found.version, found.ids) == ([{"label": "yes"}], "1.0.0", ["p:0"])
    assert (found.degraded, found.cached) == (False, False)
    heard = server.heard[0]
    assert heard.line == "POST /predict/churn HTTP/1.1"
    assert heard.body == b'{"rows":[{"tenure":4}]}'
    assert heard.headers["authorization"] == "Bearer hk_a_b"
    assert 29_000 < int(heard.headers["hythe-timeout-ms"]) <= 30_000
    assert (stats.calls, stats.tries, stats.repeated) == (1, 1, 0)


async def test_a_request_inside_a_connection_that_breaks_is_repeated_and_counted(asking: Any) -> None:
    with scripted(RESET, RESET, GOOD) as server:
        found, stats = await asking(server.url, predict, patience=QUICK)
    assert found.version == "1.0.0"
    assert (stats.dropped, stats.repeated, stats.failed) == (2, 2, 0)
    assert [heard.body for heard in server.heard] == [b'{"rows":[{"tenure":4}]}'] * 3


@pytest.mark.parametrize("first", [FULL, LOADING, Step(502, b"bad gateway"), Step(504, b"")])
async def test_a_server_without_room_is_asked_again(asking: Any, first: Step) -> None:
    with scripted(first, GOOD) as server:
        found, stats = await asking(server.url, predict, patience=QUICK)
    assert found.version == "1.0.0"
    assert (stats.turned_away, stats.repeated) == (1, 1)


async def test_when_the_retries_are_spent_the_servers_sentence_is_the_error(asking: Any) -> None:
    with scripted(FULL) as server, pytest.raises(Busy) as caught:
        await asking(server.url, predict, patience=Patience(retries=2, first_s=0.001))
    assert (str(caught.value), caught.value.retry_after_s) == ("no room", 0.0)
    assert len(server.heard) == 3


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (422, "invalid", Invalid),
        (404, "not_found", NotFound),
        (401, "unauthenticated", Unauthenticated),
        (500, "corrupt", Corrupt),
    ],
)
async def test_errors_come_back_by_their_word(
    asking: Any, status: int, code: str, kind: type[HytheError]
) -> None:
    step = Step(status, {"error": "rows[0].tenure is 'x'", "code": code})
    with scripted(step) as server, pytest.raises(kind, match=r"^rows\[0\].tenure is 'x'$"):
        await asking(server.url, predict, key="hk_a_b")
    assert len(server.heard) == 1


async def test_who_sent_no_key_is_told_how(asking: Any) -> None:
    step = Step(401, {"error": "there is no key", "code": "unauthenticated"})
    with scripted(step) as server, pytest.raises(Unauthenticated, match="give key=… or set HYTHE_API_KEY"):
        await asking(server.url, predict)


async def test_a_connection_that_the_server_closed_meanwhile_is_never_seen(asking: Any) -> None:
    """The second request of each pair meets a connection that is closed with the request inside or before."""
    closing = Step(document=GOOD.document, afterwards="close")

    def both(client: Any) -> Any:
        if isinstance(client, Client):
            return [predict(client).version for _ in range(20)]

        async def each() -> list[str]:
            return [(await predict(client)).version for _ in range(20)]

        return each()

    with scripted(closing) as server:
        versions, stats = await asking(server.url, both, retries=0)
    assert versions == ["1.0.0"] * 20
    with scripted(*[GOOD, RESET] * 20) as server:
        versions, stats = await asking(server.url, both, retries=0)
    assert (versions, stats.dropped, stats.failed) == (["1.0.0"] * 20, 19, 0)


async def test_connections_are_used_again(asking: Any) -> None:
    def thrice(client: Any) -> Any:
        if isinstance(client, Client):
            return [predict(client) for _ in range(3)]

        async def each() -> list[Any]:
            return [await predict(client) for _ in range(3)]

        return each()

    with scripted(GOOD) as server:
        await asking(server.url, thrice)
        assert (server.connections, len(server.heard)) == (1, 3)


async def test_silence_ends_with_the_time_that_was_given(asking: Any) -> None:
    with scripted(SILENCE) as server, pytest.raises(TimedOut, match=r"gave no answer within 1 s"):
        await asking(server.url, predict, timeout_s=1.0)
    assert 0 < int(server.heard[0].headers["hythe-timeout-ms"]) <= 1000


async def test_nobody_listening_is_said_with_the_address(asking: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(Unavailable, match=f"^{url} does not answer: .*; is a server running there"):
        await asking(url, predict, patience=QUICK)


async def test_health_is_an_answer_and_not_an_error(asking: Any) -> None:
    draining = Step(503, {"ready": False, "draining": True, "endpoints": {"churn": False}})
    with scripted(draining) as server:
        found, _ = await asking(server.url, lambda client: client.ready())
    assert (bool(found), found.draining, found.endpoints) == (False, True, {"churn": False})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    found, stats = await asking(nobody, lambda client: client.ready())
    assert (bool(found), stats.tries) == (False, 1)
    assert (await asking(nobody, lambda client: client.live()))[0] is False


async def test_metrics_come_back_as_samples(asking: Any) -> None:
    with scripted(
        Step(document=b'# TYPE hythe_rows_total counter\nhythe_rows_total{endpoint="churn"} 3\n')
    ) as server:
        found, _ = await asking(server.url, lambda client: client.metrics())
    assert found == [("hythe_rows_total", {"endpoint": "churn"}, 3.0)]


async def test_a_reply_that_is_none_of_ours_is_said_to_be(asking: Any) -> None:
    with scripted(Step(document=b"<html>")) as server, pytest.raises(Corrupt, match="is this a Hythe server"):
        await asking(server.url, predict)


async def test_address_and_key_come_from_the_environment(
    asking: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(GOOD) as server:
        monkeypatch.setenv("HYTHE_URL", server.url)
        monkeypatch.setenv("HYTHE_API_KEY", "hk_c_d")
        await asking(None, predict)
    assert server.heard[0].headers["authorization"] == "Bearer hk_c_d"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("wrong", [{"url": "here:8080"}, {"key": "two words"}, {"connections": 0}])
def test_settings_that_make_no_sense_are_refused(kind: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        kind(**wrong)


def test_both_clients_have_the_same_methods() -> None:
    def methods(kind: Any) -> dict[str, Any]:
        public = {name: member for name, member in vars(kind).items() if not name.startswith("_")}
        return {
            name: list(inspect.signature(member).parameters) if callable(member) else None
            for name, member in public.items()
        }

    assert methods(Client) == methods(AsyncClient)
    assert inspect.signature(Client) == inspect.signature(AsyncClient)


def test_the_package_offers_them() -> None:
    assert (hythe.Client, hythe.AsyncClient) == (Client, AsyncClient)


def test_answers_become_tables() -> None:
    found = Predictions(
        [
            {"label": "a", "probabilities": {"a": 0.75, "b": 0.25}},
            {"label": "b", "probabilities": {"a": 0.5, "b": 0.5}},
        ],
        "1.0.0",
        "p",
    )
    columns = {"label": ["a", "b"], "probabilities.a": [0.75, 0.5], "probabilities.b": [0.25, 0.5]}
    assert found.to_arrow().to_pydict() == columns
    assert found.to_pandas().to_dict("list") == columns
    assert found.to_polars().to_dict(as_series=False) == columns
