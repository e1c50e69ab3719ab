"""The generic cell rate algorithm lets through exactly what a leaky bucket does."""

import os
from collections.abc import Sequence
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from hythe.base.errors import Busy
from hythe.runtime.limiter import Limit, Limiter, create

GAPS = st.lists(st.integers(min_value=0, max_value=64), min_size=1, max_size=60)


def leaky_bucket(arrivals: Sequence[Fraction], rate: int, burst: int) -> list[bool]:
    """Say who passes by the other definition of ITU-T I.371, annex A: a bucket that leaks `rate` a second."""
    level, last, passed = Fraction(0), arrivals[0], []
    for now in arrivals:
        level = max(Fraction(0), level - (now - last) * rate)
        last = now
        passed.append(level + 1 <= burst)
        level += passed[-1]
    return passed


@given(gaps=GAPS, rate=st.sampled_from([1, 2, 4, 8, 16]), burst=st.integers(1, 8), columns=st.integers(1, 3))
def test_who_passes_is_who_fits_into_a_leaky_bucket(
    gaps: list[int], rate: int, burst: int, columns: int
) -> None:
    arrivals = [Fraction(sum(gaps[: i + 1]), 32) for i in range(len(gaps))]
    clock = iter([float(moment) for moment in arrivals])
    descriptor = create(columns, places=1)
    policers = [
        Limiter(descriptor, column, monotonic=lambda: next(clock)).policer(0, Limit.of(float(rate), burst))
        for column in range(columns)
    ]
    os.close(descriptor)
    passed = []
    for turn in range(len(arrivals)):
        try:
            policers[turn % columns].take()
        except Busy:
            passed.append(False)
        else:
            passed.append(True)
    assert passed == leaky_bucket(arrivals, rate, burst)


@given(tries=st.lists(st.integers(0, 2), max_size=40), quota=st.integers(1, 20))
def test_a_quota_passes_exactly_so_many_whoever_asks(tries: list[int], quota: int) -> None:
    descriptor = create(columns=3, places=1)
    limit = Limit.of(None, quota=quota)
    policers = [Limiter(descriptor, column, wall=lambda: 5.0).policer(0, limit) for column in range(3)]
    os.close(descriptor)
    passed = 0
    for column in tries:
        try:
            policers[column].take()
        except Busy:
            continue
        passed += 1
    assert passed == min(quota, len(tries))
