"""The recipe for a flavor is one that works: its code is run, and passes the list of checks."""

from __future__ import annotations

import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hythe.flavors import find
from hythe.testing.flavor_checks import CHECKS, Check

_RECIPE = Path(__file__).parents[2] / "docs" / "recipes" / "add-a-flavor.md"


@pytest.fixture
def recipe(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the recipe's code as the module of a third party, with its entry point."""
    module = ModuleType("scorecard_of_a_third_party")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for block in re.findall(r"```python\n(.*?)```", _RECIPE.read_text(), re.DOTALL):
        exec(compile(block, str(_RECIPE), "exec"), vars(module))  # noqa: S102 - our own page
    point = EntryPoint("scorecard", f"{module.__name__}:FLAVOR", find.GROUP)
    points = {**find._points(), "scorecard": point}
    monkeypatch.setattr(find, "_points", lambda: points)
    return module


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_recipe_for_a_flavor_keeps_a_flavors_promises(recipe: Any, check: Check, tmp_path: Path) -> None:
    recipe.test_scorecards_keep_a_flavors_promises(check, tmp_path)
