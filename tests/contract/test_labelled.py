"""Every catalog finds predictions with their labels, in memory, in SQLite and in PostgreSQL."""

from __future__ import annotations

import pytest

from hythe.testing.catalog_checks import Check, Open
from hythe.testing.labelled_checks import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_catalog_finds_labels(check: Check, opened: Open) -> None:
    check(opened)
