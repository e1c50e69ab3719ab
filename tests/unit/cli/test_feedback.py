"""`hythe feedback` in the words that people and programs read."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from tests.unit.cli.conftest import Run

from hythe.registry.registry import Registry
from hythe.rollout.plan import Plan

ID = "017f22e2-79b0-7000-8000-000000000000"


@pytest.fixture
def endpoint(home: Path) -> str:
    registry = Registry.open(home)
    with registry.catalog.edit(actor="ana") as tx:
        plan = Plan.of("1.0.0", registry.resolve("churn:1.0.0").digest)
        tx.put_plan("scoring", msgspec.to_builtins(plan))
    registry.close()
    return "scoring"


def test_a_file_is_told_and_what_became_of_it_said(run: Run, endpoint: str, tmp_path: Path) -> None:
    file = tmp_path / "outcomes.csv"
    file.write_text(f"id,truth,note\n{ID},yes,x\n{ID}:1,no,y\n")
    options = ("--data", str(file), "--id", "id", "--outcome", "truth")
    code, _, said = run("feedback", endpoint, *options)
    assert (code, "outcomes.csv, row 1: value 'note' is 'x'; give a finite number" in said) == (2, True)
    file.write_text(f"id,truth\n{ID},yes\n{ID}:1,no\n")
    code, said, _ = run("feedback", endpoint, *options)
    assert code == 0
    assert "taken: feedback for 2 rows of scoring" in said
    assert "0 joined, 2 waiting for their predictions, 0 removed as orphans" in said
    code, said, _ = run("feedback", endpoint, "--json")
    assert json.loads(said) == {"endpoint": "scoring", "taken": 0, "joined": 0, "waiting": 2, "orphans": 0}


def test_what_cannot_be_told_ends_with_2(run: Run, endpoint: str, tmp_path: Path) -> None:
    code, _, said = run("feedback", "fraud", "--json")
    assert (code, json.loads(said)["error"]["code"]) == (2, "not_found")
    code, _, said = run("feedback", endpoint, "--url", "http://127.0.0.1:9")
    assert (code, "give a file with --data" in said) == (2, True)
    code, _, said = run("feedback", endpoint, "--data", str(tmp_path / "none.csv"))
    assert (code, "there is no file" in said) == (2, True)
