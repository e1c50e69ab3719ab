"""Every catalog keeps alerts, in memory, in SQLite and in PostgreSQL."""

from __future__ import annotations

import pytest

from hythe.testing.alert_checks import CHECKS
from hythe.testing.catalog_checks import Check, Open


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_catalog_keeps_alerts(check: Check, opened: Open) -> None:
    check(opened)
