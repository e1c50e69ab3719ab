"""Every catalog keeps settings of monitoring and reports, in memory, in SQLite and in PostgreSQL."""

from __future__ import annotations

import pytest

from hythe.testing.catalog_checks import Check, Open
from hythe.testing.monitor_checks import CHECKS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_catalog_keeps_settings_and_reports(check: Check, opened: Open) -> None:
    check(opened)
