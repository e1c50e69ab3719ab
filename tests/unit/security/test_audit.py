from __future__ import annotations

import hashlib

import pytest

from hythe.security.audit import GENESIS, first_break, link


def chain(*documents: bytes) -> list[tuple[bytes, str]]:
    entries, previous = [], GENESIS
    for document in documents:
        previous = hashlib.sha256(previous.encode() + b"\n" + document).hexdigest()
        entries.append((document, previous))
    return entries


def test_a_link_covers_the_link_before_it_and_the_document() -> None:
    assert link("ab", b"{}") == hashlib.sha256(b"ab\n{}").hexdigest()


@pytest.mark.parametrize("entries", [[], chain(b"one"), chain(b"one", b"two", b"three")])
def test_an_untouched_chain_has_no_break(entries: list[tuple[bytes, str]]) -> None:
    assert first_break(entries) is None


def test_a_changed_a_dropped_and_a_moved_entry_break_the_chain_where_it_was_touched() -> None:
    good = chain(b"one", b"two", b"three")
    assert first_break([good[0], (b"TWO", good[1][1]), good[2]]) == 1
    assert first_break([good[0], good[2]]) == 1
    assert first_break([good[1], good[0], good[2]]) == 0
