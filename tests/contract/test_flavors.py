from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from tests.contract.flavor_specimens import MAKERS

from hythe.testing.flavor_checks import CHECKS, Check, Specimen


@cache
def _specimen(make: Callable[[], Specimen]) -> Specimen:
    return make()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_a_flavor_keeps_its_promises(make: Callable[[], Specimen], check: Check, tmp_path: Path) -> None:
    check(_specimen(make), tmp_path)
