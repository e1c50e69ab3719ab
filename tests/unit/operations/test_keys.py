"""Keys are made, listed and ended; serving processes get those that stand."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from hythe.base.errors import Invalid, NotFound
from hythe.operations.keys import create_key, key_entries, listed_keys, revoke_key
from hythe.registry.catalog import Catalog
from hythe.registry.database import Database
from hythe.registry.usage import Spent
from hythe.security.keys import Permit, key_digest
from hythe.testing.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def catalog(clock: FakeClock) -> Iterator[Catalog]:
    made = Catalog(Database("sqlite://"), clock)
    yield made
    made.close()


def test_serving_processes_get_the_digest_of_the_key_and_all_of_its_permit(
    catalog: Catalog, clock: FakeClock
) -> None:
    permit = Permit(endpoints=("churn",), verbs=("predict",), rate_per_s=9.0, burst=2, quota=7)
    made = create_key(catalog, "ci", permit, expires=timedelta(days=90), actor="ana", clock=clock)
    (entry,) = key_entries(catalog, clock)
    assert (entry.digest, entry.id, entry.name) == (key_digest(made.key), made.record.id, "ci")
    assert (entry.endpoints, entry.verbs, entry.rate_per_s, entry.burst) == (("churn",), ("predict",), 9.0, 2)
    assert (entry.quota, entry.quota_period_s, entry.place) == (7, 86_400, 0)
    assert entry.expires_at == clock.now().timestamp() + 90 * 86_400


def test_keys_that_ended_are_listed_but_not_served(catalog: Catalog, clock: FakeClock) -> None:
    made = [
        create_key(catalog, name, Permit(), expires=expires, actor="ana", clock=clock).record
        for name, expires in [("long", None), ("short", timedelta(hours=1)), ("lost", None)]
    ]
    revoke_key(catalog, made[2].id, actor="bo")
    clock.tick(3600)
    listed = {key.record.name: key.state for key in listed_keys(catalog, clock)}
    assert listed == {"long": "live", "short": "expired", "lost": "revoked"}
    assert [entry.name for entry in key_entries(catalog, clock)] == ["long"]


def test_the_list_tells_what_is_used_in_the_period_under_way(catalog: Catalog, clock: FakeClock) -> None:
    record = create_key(catalog, "ci", Permit(quota=5), actor="ana", clock=clock).record
    today = int(clock.now().timestamp() // 86_400)
    catalog.add_usage([Spent(record.id, today, 3)])
    assert [key.used for key in listed_keys(catalog, clock)] == [3]
    clock.tick(86_400)
    assert [key.used for key in listed_keys(catalog, clock)] == [0]


def test_an_endpoint_that_nobody_serves_is_pointed_out(catalog: Catalog) -> None:
    with catalog.edit(actor="ana") as tx:
        tx.put_plan("churn", {})
    made = create_key(catalog, "", Permit(endpoints=("churn", "chrun")), actor="ana")
    assert made.notices == ("no endpoint 'chrun' is served yet",)


def test_what_does_not_fit_makes_no_key(catalog: Catalog) -> None:
    with pytest.raises(Invalid, match="would expire"):
        create_key(catalog, "", Permit(), expires=timedelta(0), actor="ana")
    with pytest.raises(Invalid, match="no model name"):
        create_key(catalog, "", Permit(endpoints=("../x",)), actor="ana")
    with pytest.raises(Invalid, match="128 at most"):
        create_key(catalog, "x" * 129, Permit(), actor="ana")
    assert catalog.all_keys() == []


def test_an_unknown_key_cannot_be_revoked(catalog: Catalog) -> None:
    with pytest.raises(NotFound, match="hythe key list"):
        revoke_key(catalog, "0000000000", actor="ana")
