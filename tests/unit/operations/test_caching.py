"""What the command line says of a cache."""

import pytest

from hythe.base.amounts import byte_size
from hythe.base.errors import Invalid
from hythe.operations.caching import cache_change
from hythe.rollout.plan import CacheOptions


def test_all_options_together_make_a_cache() -> None:
    wanted = CacheOptions(ttl_s=300.0, max_bytes=10**9, stale_s=3600.0)
    assert cache_change("5m", "1GB", "1h") == {"cache": wanted}


def test_options_without_a_cache_are_refused() -> None:
    for kept in (None, "off"):
        with pytest.raises(Invalid, match="say how long to keep"):
            cache_change(kept, "1GB")
        with pytest.raises(Invalid, match="say how long to keep"):
            cache_change(kept, None, "1h")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("soon",), "'soon' is no duration"),
        (("0s",), "greater than 0"),
        (("60s", "much"), "'much' is no size"),
        (("60s", "-1"), "'-1' is no size"),
        (("60s", "0"), "give 1 or more"),
        (("60s", None, "x"), "'x' is no duration"),
    ],
    ids=range(6),
)
def test_words_that_are_not_understood_are_named(words: tuple[str | None, ...], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        cache_change(*words)


@pytest.mark.parametrize(
    ("text", "size"), [("1B", 1), ("2KB", 2000), ("2KiB", 2048), ("0.5GiB", 2**29), ("3 M", 3_000_000)]
)
def test_sizes_are_decimal_or_binary(text: str, size: int) -> None:
    assert byte_size(text) == size
