"""What `hythe observe` prints."""

from __future__ import annotations

import time
from pathlib import Path

from tests.unit.cli.conftest import Run

from hythe.monitor.windows.window import Window
from hythe.operations.windows import stored
from hythe.registry.registry import Registry
from hythe.registry.windows import Delivery


def put(home: Path, *found: Window) -> None:
    registry = Registry.open(home)
    delivery = Delivery("server", 1, int(time.time()), {}, tuple(stored(window) for window in found))
    registry.catalog.observations.store(delivery)
    registry.close()


def test_a_shadow_is_shown_beside_those_that_answer(home: Path, run: Run) -> None:
    now = int(time.time()) - 60
    copies = {"shadow": (200, 50, 30_000, 10**9, 3_000, 10**8, 4)}
    put(
        home,
        Window("churn", "1.0.0", now, requests={"answered": 2000}, rows=2000),
        Window("churn", "1.1.0", now, share=0.0, statistics=copies),
    )
    code, said, _ = run("observe", "churn")
    lines = [line.split() for line in said.splitlines()]
    assert code == 0
    assert [line[:2] for line in lines[:2]] == [["version", "requests"], ["1.0.0", "2,000"]]
    assert lines[2:] == [
        [],
        ["shadow", "copies", "failed", "labels", "changed", "scores", "moved", "slower"],
        ["1.1.0", "200", "25.00%", "20.00%", "2.00%", "2.00%"],
    ]


def test_without_a_shadow_there_is_no_table_of_shadows(home: Path, run: Run) -> None:
    put(home, Window("churn", "1.0.0", int(time.time()) - 60, requests={"answered": 1}, rows=1))
    assert "shadow" not in run("observe", "churn")[1]
