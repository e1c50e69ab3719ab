"""Errors as statuses."""

from typing import Any

import grpc
import pytest

from hythe.base.errors import Busy, HytheError, Unavailable
from hythe.server.grpc.calls import Calls
from hythe.server.grpc.status import STATUS
from hythe.testing.fake_clock import FakeClock


class Context:
    """Remembers how a call was ended."""

    def __init__(self) -> None:
        self.ended: tuple[Any, ...] = ()

    async def abort(self, status: Any, message: str, metadata: Any) -> None:
        self.ended = (status, message, dict(metadata))


def subclasses(kind: type[HytheError]) -> list[type[HytheError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in subclasses(child))]


def test_every_error_that_can_reach_a_call_has_a_status() -> None:
    http_only = {"method_not_allowed", "media_type"}
    ours = [kind for kind in subclasses(HytheError) if kind.__module__.startswith("hythe.")]
    assert {kind.code for kind in ours} - http_only == set(STATUS)


async def ended_by(err: Exception) -> Any:
    async def handler(_request: Any, _context: Any) -> Any:
        raise err

    context = Context()
    await Calls().answering(handler)(None, context)
    return context.ended


@pytest.mark.parametrize(
    ("err", "metadata"),
    [
        (Busy("full", 0.25), {"retry-after": "1", "grpc-retry-pushback-ms": "250", "hythe-code": "busy"}),
        (
            Unavailable("away"),
            {"retry-after": "1", "grpc-retry-pushback-ms": "1000", "hythe-code": "unavailable"},
        ),
    ],
)
async def test_who_may_repeat_is_told_when(err: HytheError, metadata: dict[str, str]) -> None:
    assert await ended_by(err) == (STATUS[err.code], str(err), metadata)


async def test_an_unexpected_error_is_one_sentence_and_the_log_has_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, message, metadata = await ended_by(ZeroDivisionError("the secret"))
    assert (status, metadata) == (grpc.StatusCode.INTERNAL, {"hythe-code": "internal"})
    assert message.startswith("the server made a mistake; its log says more under the id ")
    assert "secret" not in message
    logged = capsys.readouterr().err
    assert message.rpartition(" ")[2] in logged
    assert "the secret" in logged


async def test_a_server_knows_whether_it_was_called_lately() -> None:
    clock = FakeClock()
    calls = Calls(clock.monotonic_s)
    seen = []

    async def handler(_request: Any, _context: Any) -> None:
        clock.tick(10.0)
        seen.append(calls.within(0.5))

    clock.tick(1.0)
    assert not calls.within(0.5)
    await calls.answering(handler)(None, None)
    assert seen == [True]
    assert calls.within(0.5)
    clock.tick(0.6)
    assert not calls.within(0.5)
