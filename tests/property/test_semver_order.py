from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version as Pep440

from hythe.registry.versions import Version

NUMBERS = st.integers(0, 20)
MARKS = st.lists(st.from_regex(r"0|[1-9][0-9]?|[a-z-][a-z0-9-]{0,3}", fullmatch=True), max_size=3)
VERSIONS = st.builds(
    lambda a, b, c, pre: f"{a}.{b}.{c}" + ("-" + ".".join(pre) if pre else ""),
    NUMBERS,
    NUMBERS,
    NUMBERS,
    MARKS,
)


@given(VERSIONS)
def test_a_version_is_written_as_it_was_read(text: str) -> None:
    assert str(Version.parse(text)) == text


@given(VERSIONS, VERSIONS)
def test_of_two_versions_one_is_smaller_or_they_are_equal(one: str, two: str) -> None:
    a, b = Version.parse(one), Version.parse(two)
    assert (a < b) + (b < a) + (a == b) == 1


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_releases_are_ordered_as_the_packaging_library_orders_them(
    a: int, b: int, c: int, d: int, e: int, f: int
) -> None:
    one, two = f"{a}.{b}.{c}", f"{d}.{e}.{f}"
    assert (Version.parse(one) < Version.parse(two)) == (Pep440(one) < Pep440(two))


@given(VERSIONS, st.sampled_from(["patch", "minor", "major"]))
def test_a_bump_is_always_newer(text: str, change: str) -> None:
    version = Version.parse(text)
    assert version < version.bump(change)  # type: ignore[arg-type] # the strategy gives plain strings
