"""Answers are kept for their time, in their bytes, and as they were."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hythe.runtime.cache import Cache
from hythe.testing.fake_clock import FakeClock


def cache(max_bytes: int = 10**6, **fields: Any) -> tuple[Cache, FakeClock]:
    clock = FakeClock()
    return Cache(**{"ttl_s": 10, "max_bytes": max_bytes, "now": clock.monotonic_s, **fields}), clock


def one(value: float) -> dict[str, Any]:
    return {"value": np.array([value])}


def test_an_answer_is_found_until_its_time_is_over() -> None:
    kept, clock = cache()
    kept.put(b"a", one(1))
    clock.tick(9.999)
    assert kept.get(b"a") is not None
    clock.tick(0.001)
    assert kept.get(b"a") is None
    assert (len(kept), kept.bytes) == (0, 0)


def test_an_answer_that_may_stand_in_is_found_only_by_who_wants_such() -> None:
    kept, clock = cache(stale_s=5)
    kept.put(b"a", one(1))
    clock.tick(14.9)
    assert kept.get(b"a") is None
    assert kept.get(b"a", stale=True) is not None
    clock.tick(0.1)
    assert kept.get(b"a", stale=True) is None


def test_a_new_answer_takes_the_place_of_the_old_and_its_time_begins_anew() -> None:
    kept, clock = cache()
    kept.put(b"a", one(1))
    held = kept.bytes
    clock.tick(9)
    kept.put(b"a", one(2))
    clock.tick(9)
    found = kept.get(b"a")
    assert found is not None
    assert found["value"].tolist() == [2.0]
    assert kept.bytes == held


def test_what_was_used_longest_ago_makes_room() -> None:
    probe, _ = cache()
    probe.put(b"a", one(1))
    kept, _ = cache(max_bytes=3 * probe.bytes)
    for key in (b"a", b"b", b"c"):
        kept.put(key, one(1))
    kept.get(b"a")
    kept.put(b"d", one(1))
    assert [key for key in (b"a", b"b", b"c", b"d") if kept.get(key) is not None] == [b"a", b"c", b"d"]
    assert kept.bytes == 3 * probe.bytes


def test_what_is_too_large_is_not_kept_and_pushes_nothing_out() -> None:
    kept, _ = cache(max_bytes=5000)
    kept.put(b"a", one(1))
    assert not kept.put(b"b", {"value": np.zeros(10_000)})
    assert kept.get(b"a") is not None


def test_what_is_kept_is_no_part_of_the_batch_and_cannot_be_changed() -> None:
    kept, _ = cache()
    batch = np.arange(1000.0)
    kept.put(b"a", {"value": batch[1:2]})
    batch[1] = -1
    found = kept.get(b"a")
    assert found is not None
    assert found["value"].tolist() == [1.0]
    assert found["value"].base is None
    with pytest.raises(ValueError, match="read-only"):
        found["value"][0] = 2


def test_cells_of_unknown_size_are_not_kept() -> None:
    kept, _ = cache()
    cells = np.empty(1, dtype=object)
    cells[0] = {"nested": [1, 2, 3]}
    assert not kept.put(b"a", {"value": cells})


@pytest.mark.parametrize("size", ["small", "texts", "wide"])
def test_the_bytes_that_are_counted_are_no_fewer_than_those_taken(size: str) -> None:
    makers: dict[str, Callable[[int], dict[str, Any]]] = {
        "small": lambda i: {"label": np.array([i]), "probabilities": np.full((1, 2), 0.5)},
        "texts": lambda i: {"label": np.array([f"a text of some length, number {i}"] * 3, dtype=object)},
        "wide": lambda i: {"value": np.full((4, 100), float(i))},
    }
    made = makers[size]
    kept, _ = cache(max_bytes=10**9)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for i in range(2000):
        kept.put(i.to_bytes(16, "big"), made(i))
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert taken <= kept.bytes <= 3 * taken
