"""The bound on how likely a sum of events lies close behind a place, against sums over all outcomes."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hythe.statistics.concentration import log_near

Law = dict[tuple[int, int], float]
CELLS = st.lists(st.tuples(st.integers(0, 6), st.floats(0.01, 0.99)), min_size=1, max_size=4)


def law(cells: list[tuple[int, float]]) -> Law:
    """Give the probability of each number and sum, for cells of events that score their place."""
    found: Law = {(0, 0): 1.0}
    for place, (events, p) in enumerate(cells):
        grown: Law = defaultdict(float)
        for (number, total), chance in found.items():
            for happen in range(events + 1):
                times = math.comb(events, happen) * p**happen * (1.0 - p) ** (events - happen)
                grown[number + happen, total + happen * place] += chance * times
        found = grown
    return found


def bound(cells: list[tuple[int, float]], slope: float) -> float:
    variance = np.array([events * p * (1.0 - p) for events, p in cells])
    return math.exp(float(log_near(variance, np.arange(float(len(cells))), np.array(slope))))


def worst(known: Law, slope: float) -> float:
    """Give the greatest E[exp(-slope (S - s)); S ≥ s, N = n] of all n and s."""
    found = 0.0
    for number in {happen for happen, _ in known}:
        behind = 0.0
        for place in range(max(total for _, total in known), -1, -1):
            behind = behind * math.exp(-slope) + known.get((number, place), 0.0)
            found = max(found, behind)
    return found


@settings(deadline=None)
@given(CELLS, st.floats(0.0, 4.0))
def test_no_place_has_more_behind_it_than_the_bound(cells: list[tuple[int, float]], slope: float) -> None:
    assert worst(law(cells), slope) <= bound(cells, slope) * (1.0 + 1e-9)


@pytest.mark.parametrize("slope", [0.1, 0.2, 0.4])
def test_of_many_events_the_bound_is_hardly_more_than_what_is_there(slope: float) -> None:
    cells = [(25, 0.2)] * 8
    assert bound(cells, slope) < 1.35 * worst(law(cells), slope)


def test_where_there_is_one_score_the_bound_is_that_of_a_number() -> None:
    """The greatest probability of any number of n fair coins is at most 0.4688 / √(n / 4)."""
    for coins in (1, 4, 100):
        assert bound([(coins, 0.5)], 3.0) <= 0.46883 / math.sqrt(coins / 4) + 1e-12


def test_no_events_at_all_prove_nothing() -> None:
    assert bound([(0, 0.5), (0, 0.5)], 1.0) == 1.0
