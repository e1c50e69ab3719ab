"""Quotas hold across restarts, over servers of one catalog, and when the catalog is away for a while."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hythe.base.errors import Busy, OperatorError
from hythe.operations.keys import create_key, key_entries
from hythe.operations.usage import save_usage
from hythe.registry.catalog import Catalog
from hythe.runtime.limiter import Limit, Limiter, create
from hythe.security.keys import Permit
from hythe.testing.fake_clock import FakeClock

Make = Callable[[], Limiter]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server(clock: FakeClock) -> Make:
    return lambda: Limiter(create(columns=1, places=4), 0, wall=lambda: clock.now().timestamp())


@pytest.fixture
def catalog(tmp_path: Path, clock: FakeClock) -> Iterator[Catalog]:
    made = Catalog.of_file(tmp_path / "catalog.db", clock)
    create_key(made, "ci", Permit(quota=10), actor="ana", clock=clock)
    create_key(made, "free", Permit(), actor="ana", clock=clock)
    yield made
    made.close()


def save(catalog: Catalog, limiter: Limiter, clock: FakeClock) -> None:
    save_usage(catalog, limiter, key_entries(catalog, clock), clock.now().timestamp())


def passed(limiter: Limiter, tries: int) -> int:
    policer = limiter.policer(0, Limit.of(None, quota=10))
    for count in range(tries):
        try:
            policer.take()
        except Busy:
            return count
    return tries


def test_a_quota_survives_a_restart(catalog: Catalog, server: Make, clock: FakeClock) -> None:
    first = server()
    save(catalog, first, clock)
    assert passed(first, 6) == 6
    save(catalog, first, clock)
    second = server()
    save(catalog, second, clock)
    assert passed(second, 100) == 4


def test_servers_of_one_catalog_share_a_quota(catalog: Catalog, server: Make, clock: FakeClock) -> None:
    one, two = server(), server()
    assert passed(one, 4) == 4
    assert passed(two, 3) == 3
    for limiter in (one, two, one):
        save(catalog, limiter, clock)
    assert one.usage(0).used == two.usage(0).used == 7
    assert passed(one, 100) == 3


def test_saving_twice_counts_once(catalog: Catalog, server: Make, clock: FakeClock) -> None:
    limiter = server()
    passed(limiter, 5)
    for _ in range(3):
        save(catalog, limiter, clock)
    assert list(catalog.key_usage().values()) == [5]


def test_a_new_day_begins_at_nothing(catalog: Catalog, server: Make, clock: FakeClock) -> None:
    limiter = server()
    assert passed(limiter, 100) == 10
    save(catalog, limiter, clock)
    clock.tick(86_400)
    save(catalog, limiter, clock)
    assert passed(limiter, 100) == 10
    restarted = server()
    save(catalog, limiter, clock)
    save(catalog, restarted, clock)
    assert passed(restarted, 1) == 0


def test_what_could_not_be_saved_is_saved_later(
    catalog: Catalog, server: Make, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter = server()
    entries = key_entries(catalog, clock)
    passed(limiter, 5)

    def away(_spent: object) -> None:
        raise OperatorError("the catalog does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(catalog, "add_usage", away)
        with pytest.raises(OperatorError):
            save_usage(catalog, limiter, entries, clock.now().timestamp())
    assert passed(limiter, 2) == 2
    save(catalog, limiter, clock)
    assert list(catalog.key_usage().values()) == [7]


def test_keys_without_a_quota_are_not_written_down(catalog: Catalog, server: Make, clock: FakeClock) -> None:
    limiter = server()
    limiter.policer(1, Limit.of(1e6)).take()
    save(catalog, limiter, clock)
    assert catalog.key_usage() == {}
