"""An endpoint whose requests are made up: counted as servers count them, by the plan that stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.operations.rollouts.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give the endpoint `scoring`, which serves churn 1.0.0, with churn 1.1.0 beside it."""
    made = Scene.made(tmp_path / "home")
    yield made
    made.registry.close()
