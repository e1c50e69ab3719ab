"""Laws of choosing an arm."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hythe.rollout.choose import choose
from hythe.rollout.plan import Arm

weights = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=5).filter(any)
keys = st.text(max_size=20)


def arms_of(values: list[float]) -> list[Arm]:
    return [Arm(f"1.{i}.0", f"sha256:{i:02x}", weight) for i, weight in enumerate(values)]


@given(weights, keys)
def test_the_same_key_gets_the_same_arm_in_any_order(values: list[float], key: str) -> None:
    arms = arms_of(values)
    assert choose(arms, key) == choose(arms[::-1], key)


@given(weights.filter(lambda values: len(values) > 1), keys)
def test_an_arm_without_weight_gets_nothing(values: list[float], key: str) -> None:
    assert choose(arms_of(values), key).weight > 0


@given(st.lists(st.floats(0.1, 100), min_size=2, max_size=5), st.floats(1.0, 50.0), keys)
def test_raising_one_weight_moves_keys_only_to_that_arm(values: list[float], factor: float, key: str) -> None:
    before = choose(arms_of(values), key).version
    after = choose(arms_of([values[0] * factor, *values[1:]]), key).version
    assert after in {before, "1.0.0"}


def test_a_share_that_grows_by_a_tenth_takes_a_tenth_of_the_keys_and_gives_none_back() -> None:
    keys = [f"user-{i}" for i in range(20_000)]
    moved = Counter(
        (choose(arms_of([90, 10]), key).version, choose(arms_of([80, 20]), key).version) for key in keys
    )
    # Four standard deviations of a binomial share: 4 * sqrt(0.1 * 0.9 / 20,000) = 0.0085.
    assert abs(moved["1.0.0", "1.1.0"] / 20_000 - 0.1) < 0.0085
    assert moved["1.1.0", "1.0.0"] == 0


def test_shares_follow_weights() -> None:
    arms = arms_of([70, 20, 10])
    counts = Counter(choose(arms, f"key-{i}").version for i in range(20_000))
    # Four standard deviations of a binomial share: 4 * sqrt(0.7 * 0.3 / 20,000) = 0.013.
    for arm in arms:
        assert abs(counts[arm.version] / 20_000 - arm.weight / 100) < 0.013
