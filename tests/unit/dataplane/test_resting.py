"""The version that was just left comes back without being loaded, for a while."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from tests.unit.dataplane.by_hand import HandLoop

from hythe.base.errors import Unavailable
from hythe.dataplane.endpoint import Endpoint
from hythe.dataplane.plane import DataPlane
from hythe.dataplane.resting import REST_S, Resting
from hythe.dataplane.spec import EndpointSpec
from hythe.rollout.plan import Plan
from hythe.runtime.session import OnnxSession


class Version:
    """A version as far as resting knows it."""

    def __init__(self, spec: str, *, ready: bool = True) -> None:
        self.spec = spec
        self.session = SimpleNamespace(ready=ready)
        self.kept: Any = "answers"

    def keep_answers(self, options: Any) -> None:
        self.kept = options


@pytest.fixture
def gone() -> list[str]:
    return []


@pytest.fixture
def loop() -> HandLoop:
    return HandLoop()


@pytest.fixture
def resting(loop: HandLoop, gone: list[str]) -> Any:
    return Resting(loop, lambda live: gone.append(live.spec))  # type: ignore[arg-type]  # text for a spec


def test_a_version_is_let_go_after_its_rest_and_keeps_no_answers(
    resting: Any, loop: HandLoop, gone: list[str]
) -> None:
    version = Version("1")
    resting.put(version)
    loop.tick(REST_S - 1)
    assert (version.kept, gone) == (None, [])
    loop.tick(1)
    assert gone == ["1"]
    assert resting.take("1") is None


def test_a_version_that_is_taken_back_is_not_let_go(resting: Any, loop: HandLoop, gone: list[str]) -> None:
    version = Version("1")
    resting.put(version)
    assert resting.take("2") is None
    assert resting.take("1") is version
    loop.tick(2 * REST_S)
    assert gone == []
    assert loop.alarms == 0


def test_one_rests_at_a_time(resting: Any, gone: list[str]) -> None:
    resting.put(Version("1"))
    resting.put(Version("2"))
    assert gone == ["1"]
    resting.close()
    assert gone == ["1", "2"]


def test_one_that_would_not_answer_is_loaded_anew(resting: Any) -> None:
    resting.put(Version("1", ready=False))
    assert resting.take("1") is None


def other(endpoint: Endpoint, number: str) -> EndpointSpec:
    version = msgspec.structs.replace(endpoint.spec.versions[0], version=number)
    return msgspec.structs.replace(endpoint.spec, plan=Plan.of(number, version.digest), versions=(version,))


async def test_the_way_back_loads_nothing(plane: DataPlane, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = plane.endpoint("churn")
    first, before = endpoint.spec, endpoint.version("1.0.0")
    await plane.apply([other(endpoint, "1.1.0")])

    async def loads(_self: OnnxSession) -> None:
        raise Unavailable("nothing was to be loaded")

    monkeypatch.setattr(OnnxSession, "start", loads)
    await plane.apply([first])
    assert endpoint.version("1.0.0") is before
    with pytest.raises(Unavailable, match="nothing was to be loaded"):
        await plane.apply([other(endpoint, "1.2.0")])
    await plane.apply([other(endpoint, "1.1.0")])
    assert list(endpoint.versions) == ["1.1.0"]
