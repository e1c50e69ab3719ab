"""Every catalog keeps the same promises, in memory, in SQLite and in PostgreSQL."""

from __future__ import annotations

import pytest

from hythe.testing.catalog_checks import CHECKS, Check, Open


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_catalog_keeps_its_promises(check: Check, opened: Open) -> None:
    check(opened)
