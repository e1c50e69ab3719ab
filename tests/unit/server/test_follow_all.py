"""A steward that follows every endpoint of the catalog: they come and go, and none keeps the others."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hythe.base.errors import Invalid
from hythe.dataplane.spec import Posting
from hythe.operations.issuers import Issuers
from hythe.operations.prepared import Prepared
from hythe.registry.catalog import Catalog
from hythe.rollout.plan import Plan
from hythe.runtime import counters, limiter
from hythe.runtime.bulletin import Bulletin
from hythe.server.prepare import Ready, Refused
from hythe.server.serve import ServeConfig, serve
from hythe.server.steward import Memory, Steward
from hythe.testing.fake_clock import FakeClock
from hythe.testing.tiny import DIGEST, tiny_endpoint


class House:
    """A steward that began with nothing to serve."""

    def __init__(self, folder: Path) -> None:
        self.catalog = Catalog.of_file(folder / "catalog.db")
        self.clock = FakeClock()
        self.bulletin = Bulletin.create(2**20)
        self.bulletin.publish(Posting(()).encode())
        self.version = tiny_endpoint(folder).versions[0]
        self.prepared: list[str] = []
        self.outcome: Callable[[str], Ready | Refused] = self.ready
        counts = counters.Counters(counters.create(1), 0)
        memory = Memory(self.bulletin, limiter.Limiter(limiter.create(1), 0), counts)
        self.steward = Steward(
            self.catalog, memory, self.prepare, Issuers(()), follow_all=True, clock=self.clock
        )

    def put(self, endpoint: str, plan: Plan) -> None:
        with self.catalog.edit(actor="ana") as tx:
            tx.put_plan(endpoint, msgspec.to_builtins(plan))

    async def look(self) -> None:
        """Look, and wait for what is prepared after it."""
        await self.steward.look()
        for item in self.steward._following.values():
            if item._task is not None:
                await item._task

    @property
    def posting(self) -> Posting:
        return Posting.decode(self.bulletin.read()[1])

    @property
    def served(self) -> dict[str, str]:
        """Which version each endpoint serves."""
        return {spec.name: spec.plan.arms[0].version for spec in self.posting.endpoints}

    async def prepare(self, ref: str, _digest: str) -> Ready | Refused:
        self.prepared.append(ref)
        return self.outcome(ref)

    def ready(self, ref: str) -> Ready:
        model, _, number = ref.partition(":")
        return Ready(Prepared(model, msgspec.structs.replace(self.version, version=number), None))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


PLAN = Plan.of("1.0.0", DIGEST)


async def test_endpoints_that_are_made_later_are_served(house: House) -> None:
    await house.look()
    assert house.served == {}
    house.put("churn", PLAN)
    await house.look()
    house.put("scoring", msgspec.structs.replace(Plan.of("2.0.0", DIGEST), model="fraud"))
    await house.look()
    assert house.served == {"churn": "1.0.0", "scoring": "2.0.0"}
    assert house.prepared == ["churn:1.0.0", "fraud:2.0.0"]
    assert [spec.revision for spec in house.posting.endpoints] == [1, 1]


async def test_one_that_is_removed_is_served_no_more_and_comes_back_when_it_is_made_again(
    house: House,
) -> None:
    house.put("churn", PLAN)
    house.put("scoring", PLAN)
    await house.look()
    with house.catalog.edit(actor="ana") as tx:
        tx.remove_plan("churn")
    await house.look()
    assert (house.served, house.posting.notices) == ({"scoring": "1.0.0"}, ())
    house.put("churn", PLAN)
    await house.look()
    assert house.served == {"scoring": "1.0.0", "churn": "1.0.0"}


async def test_one_that_cannot_be_loaded_is_told_and_leaves_the_others_alone(house: House) -> None:
    house.outcome = lambda ref: (
        Refused(f"{ref} is not trusted", again=False) if ref.startswith("bad:") else house.ready(ref)
    )
    house.put("bad", PLAN)
    house.put("churn", PLAN)
    await house.look()
    assert house.served == {"churn": "1.0.0"}
    (notice,) = house.posting.notices
    assert notice == (
        "the plan of 'bad' at revision 1 is not switched in, and none is served: bad:1.0.0 is not trusted"
    )
    house.outcome = house.ready
    house.put("bad", Plan.of("1.0.1", DIGEST))
    await house.look()
    assert (house.served, house.posting.notices) == ({"bad": "1.0.1", "churn": "1.0.0"}, ())


async def test_a_wrong_plan_of_a_new_endpoint_is_told(house: House) -> None:
    with house.catalog.edit(actor="ana") as tx:
        tx.put_plan("churn", {"arms": []})
    await house.look()
    assert house.served == {}
    assert "the plan of 'churn' at revision 1 is wrong" in house.posting.notices[0]


def test_a_server_that_is_to_serve_certain_endpoints_needs_one(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="nothing to serve"):
        serve([], ServeConfig(port=0))
