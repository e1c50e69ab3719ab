from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hythe.bundle.canonical import canonical

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
KEYS = st.text(st.characters(codec="utf-8"), max_size=5)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | st.integers() | FLOATS | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner))


@given(VALUES)
def test_canonical_json_reads_back_as_what_was_written(value: Any) -> None:
    assert json.loads(canonical(value)) == value


@given(VALUES)
def test_writing_what_was_read_gives_the_same_bytes(value: Any) -> None:
    written = canonical(value)
    assert canonical(json.loads(written)) == written


@given(st.dictionaries(KEYS, SCALARS), st.randoms())
def test_the_order_of_keys_never_shows(value: dict[str, Any], shuffler: Any) -> None:
    items = list(value.items())
    shuffler.shuffle(items)
    assert canonical(dict(items)) == canonical(value)
