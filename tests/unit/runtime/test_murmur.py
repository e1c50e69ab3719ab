"""The hash is scikit-learn's own."""

from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils import murmurhash3_32

from hythe.runtime.murmur import murmur3


@given(st.binary(max_size=40), st.integers(0, 2**31 - 1))
def test_hashes_are_those_of_murmurhash3(data: bytes, seed: int) -> None:
    assert murmur3(data, seed) == murmurhash3_32(data, seed=seed)
