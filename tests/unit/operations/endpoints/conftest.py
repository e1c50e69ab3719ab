"""A registry with versions of a model, as plans name them."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from hythe.bundle.schema import Column
from hythe.registry.registry import Registry
from hythe.testing.versions import SCHEMA, add_version


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """Give a registry with churn 1.0.0, 1.1.0 of one schema, and 2.0.0 that needs another column."""
    made = Registry.open(tmp_path / "home", "sqlite://")
    add_version(made, "1.0.0")
    add_version(made, "1.1.0")
    needy = msgspec.structs.replace(SCHEMA, inputs=(*SCHEMA.inputs, Column("income", "float64")))
    add_version(made, "2.0.0", needy)
    yield made
    made.close()
