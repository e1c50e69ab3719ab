"""What is asked of a load test."""

from typing import Any

import numpy as np
import pytest

from hythe.base.amounts import per_second, seconds
from hythe.base.errors import Invalid
from hythe.operations.pressure.plan import Objective, Pressure


def test_a_constant_beat_has_equal_gaps() -> None:
    moments = list(Pressure(rate=200, for_s=2, arrivals="constant").schedule())
    assert len(moments) == 400
    assert np.allclose(np.diff(moments), 1 / 200)


def test_independent_arrivals_have_exponential_gaps() -> None:
    """The mean and the standard deviation of an exponential are equal; 20,000 gaps tell within 5%."""
    gaps = np.diff(list(Pressure(rate=1000, for_s=20).schedule()))
    assert np.mean(gaps) == pytest.approx(1e-3, rel=0.05)
    assert np.std(gaps) == pytest.approx(1e-3, rel=0.05)


def test_the_same_seed_gives_the_same_arrivals() -> None:
    first, second, other = (list(Pressure(rate=50, for_s=1, seed=seed).schedule()) for seed in (1, 1, 2))
    assert first == second != other


@pytest.mark.parametrize("read", [seconds, per_second, Objective.parse])
@pytest.mark.parametrize("text", ["", "fast", "-1s", "p99", "p200<1ms", "p99<fast", "1/fortnight"])
def test_what_is_not_understood_is_refused(read: Any, text: str) -> None:
    with pytest.raises(Invalid, match="write"):
        read(text)


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"for_s": 0}, {"timeout_s": 0}, {"connections": 0}])
def test_pressure_checks_itself(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        Pressure(**({"rate": 1.0} | wrong))
