"""The page on performance over time runs, and names every metric that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hythe.monitor.performance.metrics import OF_CLASSES, OF_NUMBERS

PAGE = (Path(__file__).parents[2] / "docs" / "performance-monitoring.md").read_text()


def test_its_python_measures_what_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    [block] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(block, {})  # noqa: S102 - the page is ours
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(OF_CLASSES)
    # Three of four answers are right; the exact 95% interval of 3 of 4 is 0.194 to 0.994.
    assert lines[0].startswith("accuracy 0.75 (0.194")


@pytest.mark.parametrize("name", [*OF_CLASSES, *OF_NUMBERS])
def test_every_metric_is_named(name: str) -> None:
    assert f"`{name}`" in PAGE
