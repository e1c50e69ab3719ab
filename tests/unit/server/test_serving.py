"""What one serving process does with a posting that it cannot load whole."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hythe.base.errors import HytheError
from hythe.dataplane.admit import Limits
from hythe.dataplane.spec import EndpointSpec, OnnxFiles, Posting
from hythe.runtime import counters, fingerprints, limiter, ring
from hythe.runtime.batch_policy import BatchPolicy
from hythe.runtime.bulletin import Bulletin
from hythe.runtime.session_config import SessionConfig
from hythe.server.serving import Serving
from hythe.server.worker_spec import Descriptors, Source, WorkerSpec
from hythe.testing.tiny import tiny_endpoint


@pytest.fixture
def bulletin() -> Bulletin:
    return Bulletin.create(2**20)


@pytest.fixture
def serving(bulletin: Bulletin) -> Callable[[bool], Serving]:
    def make(follow_all: bool) -> Serving:
        descriptors = Descriptors(
            door=-1,
            counters=counters.create(1),
            limiter=limiter.create(1),
            bulletin=bulletin.descriptor,
            in_flight=fingerprints.create(1),
            rings=(ring.create(),),
        )
        spec = WorkerSpec(
            descriptors=descriptors,
            places=1,
            host="127.0.0.1",
            limits=Limits(),
            batching=BatchPolicy(),
            session=SessionConfig(),
            drain_s=0.0,
            source=Source("home", "sqlite://", follow_all=follow_all),
        )
        return Serving(spec, 0)

    return make


def broken(folder: Path) -> EndpointSpec:
    """Give an endpoint whose graph is not there."""
    spec = tiny_endpoint(folder, "broken")
    files = OnnxFiles(str(folder / "gone.onnx"), str(folder / "gone.json"))
    version = msgspec.structs.replace(spec.versions[0], files=files)
    return msgspec.structs.replace(spec, versions=(version,))


async def test_an_endpoint_that_cannot_be_loaded_is_told_and_leaves_the_others_alone(
    tmp_path: Path, bulletin: Bulletin, serving: Callable[[bool], Serving]
) -> None:
    good = tiny_endpoint(tmp_path)
    bulletin.publish(Posting((broken(tmp_path), good), notices=("of the whole server",)).encode())
    found = serving(True)
    await found.start()
    assert list(found.plane.endpoints) == ["churn"]
    assert found.plane.ready
    first, second = found.notices
    assert first == "of the whole server"
    assert "could not load all that it is to serve" in second
    assert bulletin.applied_by_all == 1
    bulletin.publish(Posting((good,)).encode())
    await found._apply()
    assert found.notices == ()
    await found.close()


async def test_a_process_does_not_start_without_an_endpoint_that_was_asked_for(
    tmp_path: Path, bulletin: Bulletin, serving: Callable[[bool], Serving]
) -> None:
    bulletin.publish(Posting((tiny_endpoint(tmp_path), broken(tmp_path))).encode())
    found = serving(False)
    with pytest.raises(HytheError):
        await found.start()
    await found.close()
