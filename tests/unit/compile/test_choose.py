"""Goldens are the worst rows, some of every kind, and ordinary ones; the same every time."""

from __future__ import annotations

import numpy as np

from hythe.bundle.outcome import Outcome
from hythe.compile.choose import choose_goldens

KINDS = np.array(["example"] * 1000 + ["threshold"] * 2000 + ["missing"] * 20 + ["infinite"] * 10)
REFUSED = np.isin(np.arange(KINDS.size), [*range(3000, 3010), *range(3020, 3030)])
OUTCOME = Outcome({"value": np.zeros(KINDS.size)}, REFUSED)
NONE = np.zeros(KINDS.size)


def test_at_most_the_limit_is_chosen_in_ascending_order() -> None:
    chosen = choose_goldens(KINDS, OUTCOME, NONE)
    assert chosen.size == 512
    assert (np.diff(chosen) > 0).all()
    assert choose_goldens(KINDS[:5], Outcome({}, REFUSED[:5]), NONE[:5]).tolist() == [0, 1, 2, 3, 4]


def test_every_kind_is_there_refused_and_answered_even_within_a_small_limit() -> None:
    chosen = choose_goldens(KINDS, OUTCOME, NONE, limit=5)
    assert {(kind, refused) for kind, refused in zip(KINDS[chosen], REFUSED[chosen], strict=True)} == {
        ("example", False),
        ("threshold", False),
        ("missing", True),
        ("missing", False),
        ("infinite", True),
    }


def test_the_worst_rows_come_first() -> None:
    excess = np.zeros(KINDS.size)
    excess[[1500, 1600, 1700]] = [0.9, 0.5, np.inf]
    assert {1500, 1600, 1700} <= set(choose_goldens(KINDS, OUTCOME, excess, limit=5).tolist())
    assert choose_goldens(KINDS, OUTCOME, excess, limit=1).tolist() == [1700]


def test_rounding_noise_does_not_choose() -> None:
    noise = np.random.default_rng(0).uniform(0, 1e-4, KINDS.size)
    assert choose_goldens(KINDS, OUTCOME, noise).tolist() == choose_goldens(KINDS, OUTCOME, NONE).tolist()


def test_ties_are_never_goldens() -> None:
    skip = KINDS == "infinite"
    assert not skip[choose_goldens(KINDS, OUTCOME, NONE, skip=skip)].any()


def test_the_rest_are_ordinary_examples() -> None:
    chosen = choose_goldens(KINDS, OUTCOME, NONE)
    assert (KINDS[chosen] == "example").sum() > 450
