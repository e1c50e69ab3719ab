"""The steward: what it publishes when plans, keys and the catalog change."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hythe.base.errors import Invalid
from hythe.dataplane.resting import REST_S
from hythe.dataplane.spec import EndpointSpec, NativeFiles, Posting
from hythe.operations.issuers import Issuers
from hythe.operations.keys import create_key, revoke_key
from hythe.operations.prepared import Prepared
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.rollout.plan import Arm, CacheOptions, Plan, Shadow
from hythe.runtime import counters, limiter
from hythe.runtime.bulletin import Bulletin
from hythe.security.keys import Permit
from hythe.server.prepare import Ready, Refused
from hythe.server.steward import Memory, Steward
from hythe.server.worker_spec import Source
from hythe.testing.fake_clock import FakeClock
from hythe.testing.tiny import tiny_endpoint
from hythe.testing.waiting import PATIENCE_S

OLD, NEW = "sha256:" + "0" * 64, "sha256:" + "1" * 64


class House:
    """A steward of one endpoint, `churn`, whose versions are prepared by the test."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "catalog.db"
        with Catalog.of_file(self.file).edit(actor="ana"):
            pass
        self.catalog = Catalog(Database(f"sqlite:///{self.file}", makes=False))
        self.folder = folder
        self.clock = FakeClock()
        self.bulletin = Bulletin.create(2**20)
        self.prepared: list[str] = []
        self.outcome: Callable[[str], Ready | Refused] = self._ready
        self.gate = asyncio.Event()
        self.gate.set()
        tiny = tiny_endpoint(folder)
        self.old = msgspec.structs.replace(tiny.versions[0], digest=OLD)
        self.endpoint = EndpointSpec("churn", Plan.of("1.0.0", OLD), (self.old,), revision=1)
        self.bulletin.publish(Posting((self.endpoint,)).encode())
        self.put(self.endpoint.plan)
        self.counts = counters.Counters(counters.create(1), 0)
        self.memory = Memory(self.bulletin, limiter.Limiter(limiter.create(1), 0), self.counts)
        self.steward = Steward(self.catalog, self.memory, self._prepare, Issuers(()), clock=self.clock)

    def put(self, plan: Plan) -> None:
        with self.catalog.edit(actor="ana") as tx:
            tx.put_plan("churn", msgspec.to_builtins(plan))

    @property
    def posting(self) -> Posting:
        return Posting.decode(self.bulletin.read()[1])

    @property
    def plan(self) -> Plan:
        return self.posting.endpoints[0].plan

    async def look(self) -> None:
        """Look, and wait for what is prepared after it."""
        await self.steward.look()
        task = self.steward._following["churn"]._task
        if task is not None:
            await task

    async def _prepare(self, ref: str, digest: str) -> Ready | Refused:
        await self.gate.wait()
        self.prepared.append(f"{ref} {digest}".strip())
        return self.outcome(ref)

    def _ready(self, ref: str) -> Ready:
        model, _, number = ref.partition(":")
        version = msgspec.structs.replace(self.old, version=number, digest=NEW)
        return Ready(Prepared(model, version, {"tenure": 1}))


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_a_plan_of_known_versions_is_published_without_preparing(house: House) -> None:
    await house.look()
    assert house.bulletin.sequence == 1
    plan = Plan((Arm("1.0.0", OLD, 3.0),))
    house.put(plan)
    await house.look()
    assert (house.plan, house.prepared) == (plan, [])


async def test_the_same_plan_put_again_is_served_under_its_new_revision(house: House) -> None:
    house.put(house.endpoint.plan)
    await house.look()
    [spec] = house.posting.endpoints
    assert (spec.revision, spec.plan, spec.versions) == (2, house.endpoint.plan, (house.old,))
    house.put(Plan.of("1.1.0", NEW))
    await house.look()
    assert (house.posting.endpoints[0].revision, house.prepared) == (3, [f"churn:1.1.0 {NEW}"])


async def test_a_new_version_is_prepared_once_and_going_back_takes_nothing(house: House) -> None:
    both = Plan((Arm("1.1.0", NEW), Arm("1.0.0", OLD)))
    house.put(both)
    await house.look()
    assert house.plan == both
    assert [item.digest for item in house.posting.endpoints[0].versions] == [NEW, OLD]
    assert house.posting.endpoints[0].example == {"tenure": 1}
    for plan in (house.endpoint.plan, Plan.of("1.1.0", NEW), Plan.of("1.0.0", OLD)):
        house.put(plan)
        await house.look()
        assert house.plan == plan
    assert house.prepared == [f"churn:1.1.0 {NEW}"]


async def test_a_fallback_is_prepared_too(house: House) -> None:
    house.put(Plan((Arm("1.0.0", OLD),), fallback=("0.9.0",)))
    await house.look()
    assert house.prepared == ["churn:0.9.0"]
    assert [item.version for item in house.posting.endpoints[0].versions] == ["1.0.0", "0.9.0"]


async def test_a_shadow_is_prepared_with_the_digest_that_the_plan_says(house: House) -> None:
    house.put(Plan((Arm("1.0.0", OLD),), shadows=(Shadow("1.1.0", NEW),)))
    await house.look()
    assert house.prepared == [f"churn:1.1.0 {NEW}"]
    assert [item.version for item in house.posting.endpoints[0].versions] == ["1.0.0", "1.1.0"]


async def test_a_plan_of_another_model_has_that_models_versions_prepared(house: House) -> None:
    house.put(Plan((Arm("1.0.0", OLD), Arm("1.1.0", NEW)), model="fraud"))
    await house.look()
    assert house.prepared == [f"fraud:1.0.0 {OLD}", f"fraud:1.1.0 {NEW}"]
    assert house.plan.model == "fraud"
    house.put(house.endpoint.plan)
    await house.look()
    assert (house.plan, len(house.prepared)) == (house.endpoint.plan, 2)


async def test_what_is_kept_and_the_constant_come_with_the_plan(house: House) -> None:
    no = {"label": "no", "probabilities": {"no": 0.9, "yes": 0.1}}
    plan = Plan((Arm("1.0.0", OLD),), cache=CacheOptions(ttl_s=60, stale_s=5), constant=no)
    house.put(plan)
    await house.look()
    assert (house.plan, house.prepared, house.posting.notices) == (plan, [], ())


async def test_a_constant_that_does_not_fit_is_told_and_its_plan_not_switched_in(house: House) -> None:
    house.put(Plan((Arm("1.0.0", OLD),), constant={"label": "no"}))
    await house.look()
    assert house.plan == house.endpoint.plan
    (notice,) = house.posting.notices
    assert "give a value for each of" in notice


async def test_a_version_that_fails_its_goldens_is_told_and_never_switched_in(house: House) -> None:
    house.outcome = lambda ref: Refused(f"{ref} does not answer as it did when packed", again=False)
    house.put(Plan.of("1.1.0", NEW))
    for _ in range(3):
        await house.look()
        house.clock.tick(120.0)
    assert house.plan == house.endpoint.plan
    assert len(house.prepared) == 1
    (notice,) = house.posting.notices
    assert "churn:1.1.0 does not answer as it did when packed" in notice
    refusals = house.catalog.refusals
    assert refusals.reason("churn", 2) == "churn:1.1.0 does not answer as it did when packed"
    house.put(house.endpoint.plan)
    await house.look()
    assert house.posting.notices == ()


async def test_what_failed_for_a_moment_is_tried_again_later_each_time(house: House) -> None:
    house.outcome = lambda _ref: Refused("no memory", again=True)
    house.put(Plan.of("1.1.0", NEW))
    for wait_s, tries in ((0.0, 1), (0.5, 1), (0.6, 2), (1.5, 2), (0.6, 3)):
        house.clock.tick(wait_s)
        await house.look()
        assert len(house.prepared) == tries
    assert house.catalog.refusals.reason("churn", 2) == ""
    house.outcome = house._ready
    house.clock.tick(60.0)
    await house.look()
    assert (house.plan, house.posting.notices) == (Plan.of("1.1.0", NEW), ())


async def test_a_newer_plan_takes_the_place_of_one_that_is_being_prepared(house: House) -> None:
    house.gate.clear()
    house.put(Plan.of("1.1.0", NEW))
    await house.steward.look()
    newer = Plan((Arm("1.0.0", OLD, 2.0),))
    house.put(newer)
    await house.look()
    house.gate.set()
    await asyncio.sleep(0)
    assert (house.plan, house.prepared) == (newer, [])


@pytest.mark.parametrize("document", [{"arms": []}, {"arms": "x"}, 3])
async def test_a_wrong_plan_is_told(house: House, document: object) -> None:
    with house.catalog.edit(actor="ana") as tx:
        tx.put_plan("churn", document)
    await house.look()
    assert house.plan == house.endpoint.plan
    assert "at revision 2 is wrong" in house.posting.notices[0]


async def test_an_endpoint_whose_plan_is_taken_away_is_served_on_and_told(house: House) -> None:
    with house.catalog.edit(actor="ana") as tx:
        tx.remove_plan("churn")
    await house.look()
    assert house.plan == house.endpoint.plan
    assert house.posting.notices == ("endpoint 'churn' has no plan any more; what it served is served on",)


async def test_keys_come_and_go(house: House) -> None:
    key = create_key(house.catalog, "ana", Permit(), actor="ana")
    await house.look()
    assert [item.id for item in house.posting.keys] == [key.record.id]
    revoke_key(house.catalog, key.record.id, actor="ana")
    await house.look()
    assert house.posting.keys == ()


async def test_keys_are_not_kept_waiting_by_a_version_that_takes_long(house: House) -> None:
    house.gate.clear()
    house.put(Plan.of("1.1.0", NEW))
    await house.steward.look()
    create_key(house.catalog, "ana", Permit(), actor="ana")
    await house.steward.look()
    assert len(house.posting.keys) == 1
    assert house.plan == house.endpoint.plan
    house.steward._following["churn"].stop()


async def test_without_its_catalog_the_last_posting_stays_and_says_so(house: House) -> None:
    await house.look()
    away = house.file.with_suffix(".away")
    house.file.rename(away)
    pauses = [await house.steward.look() for _ in range(6)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    assert not house.file.exists()
    posting = house.posting
    assert (posting.catalog_reachable, posting.endpoints) == (False, (house.endpoint,))
    assert "the catalog does not answer" in posting.notices[0]
    assert house.counts.read()["hythe_catalog_reachable", ()] == [0.0]
    away.rename(house.file)
    assert await house.steward.look() == 1.0
    assert (house.posting.catalog_reachable, house.posting.notices) == (True, ())
    assert house.counts.read()["hythe_catalog_reachable", ()] == [1.0]


async def test_the_pause_between_looks_is_as_told(house: House) -> None:
    issuers = Issuers(())
    steward = Steward(house.catalog, house.memory, house._prepare, issuers, look_s=60.0, clock=house.clock)
    assert await steward.look() == 60.0
    with pytest.raises(Invalid, match="look_s is 0"):
        Source("home", "sqlite://", look_s=0)


async def test_a_steward_that_follows_another_goes_on_from_what_that_published(house: House) -> None:
    house.file.rename(house.file.with_suffix(".away"))
    await house.steward.look()
    house.file.with_suffix(".away").rename(house.file)
    follower = Steward(house.catalog, house.memory, house._prepare, Issuers(()), clock=house.clock)
    assert house.counts.read()["hythe_catalog_reachable", ()] == [0.0]
    await follower.look()
    assert house.counts.read()["hythe_catalog_reachable", ()] == [1.0]
    assert house.posting.endpoints == (house.endpoint,)


async def test_unpacked_files_go_some_time_after_every_process_has_let_go_of_them(house: House) -> None:
    folder = house.folder / "unpacked"
    folder.mkdir()
    native = msgspec.structs.replace(
        house.old, version="1.1.0", digest=NEW, files=NativeFiles("sklearn", "skops", str(folder))
    )
    house.outcome = lambda _ref: Ready(Prepared("churn", native, None))
    house.bulletin.applied(0, 1)
    house.put(Plan.of("1.1.0", NEW))
    await house.look()
    house.bulletin.applied(0, 2)
    house.put(house.endpoint.plan)
    await house.look()
    await house.look()
    house.clock.tick(2 * REST_S)
    await house.look()
    assert folder.exists()
    house.bulletin.applied(0, 3)
    await house.look()
    assert not folder.exists()


async def test_unpacked_files_stay_for_who_goes_back_to_them(house: House) -> None:
    folder = house.folder / "unpacked"
    folder.mkdir()
    native = msgspec.structs.replace(
        house.old, version="1.1.0", digest=NEW, files=NativeFiles("sklearn", "skops", str(folder))
    )
    house.outcome = lambda _ref: Ready(Prepared("churn", native, None))
    for revision, plan in enumerate((Plan.of("1.1.0", NEW), house.endpoint.plan, Plan.of("1.1.0", NEW)), 2):
        house.put(plan)
        await house.look()
        house.bulletin.applied(0, revision)
        house.clock.tick(REST_S)
    house.outcome = lambda ref: Refused(f"{ref} is prepared again", again=False)
    house.clock.tick(2 * REST_S)
    await house.look()
    assert folder.exists()
    assert house.posting.endpoints[0].plan.arms[0].version == "1.1.0"


async def test_it_looks_at_once_when_it_is_asked(house: House) -> None:
    steward = Steward(
        house.catalog, house.memory, house._prepare, Issuers(()), look_s=600.0, clock=house.clock
    )
    running = asyncio.create_task(steward.run())
    for weight in range(2, 7):
        plan = Plan((Arm("1.0.0", OLD, float(weight)),))
        house.put(plan)
        steward.asked.set()
        async with asyncio.timeout(PATIENCE_S):
            while house.plan != plan:  # noqa: ASYNC110 - a thread asks the catalog
                await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
