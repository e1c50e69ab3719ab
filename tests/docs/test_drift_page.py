"""The Python of the page on drift does what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_PAGE = Path(__file__).parents[2] / "docs" / "drift.md"
_OF_A_HOME = "home=home"
"""Blocks that need a packed version; tests/unit/operations/drift runs their like."""


def test_the_blocks_of_the_page_on_drift_run() -> None:
    names: dict[str, Any] = {}
    blocks = [
        block
        for block in re.findall(r"```python\n(.*?)```", _PAGE.read_text(), re.DOTALL)
        if _OF_A_HOME not in block
    ]
    for block in blocks:
        exec(block, names)  # noqa: S102 - the page is ours
    assert {"normal", "found", "Weekend"} <= names.keys()
