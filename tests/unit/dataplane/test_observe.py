"""Prediction ids are UUIDv7s, all different, in order of time."""

from uuid import UUID

from hythe.dataplane.observe import Ids


def test_ids_are_different_and_of_version_7() -> None:
    ids = Ids()
    made = [ids.next() for _ in range(10_000)]
    assert len(set(made)) == 10_000
    for text in made[::500]:
        parsed = UUID(text)
        assert str(parsed) == text
        assert (parsed.version, parsed.variant) == (7, "specified in RFC 4122")


def test_ids_sort_by_time() -> None:
    moments = iter(range(1000, 1100))
    ids = Ids(now_ms=lambda: next(moments))
    made = [ids.next() for _ in range(100)]
    assert made == sorted(made)
    assert UUID(made[-1]).int >> 80 == 1099
