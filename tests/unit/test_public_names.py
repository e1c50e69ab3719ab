"""What `import hythe` offers."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

import hythe

NAMES = [name for name in hythe.__all__ if not name.startswith("_")]


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_no_subpackages_too(name: str) -> None:
    # importing a subpackage would put the module in the name's place
    folder = Path(hythe.__file__).parent
    assert not (folder / name).exists()
    assert not (folder / f"{name}.py").exists()


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_what_its_home_calls_so(name: str) -> None:
    import_module("hythe.registry.registry")
    assert callable(getattr(hythe, name))
