"""`hythe.feedback`: what became of predictions, from Python."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pandas as pd
import polars as pl
import pytest

import hythe
from hythe.base.errors import Invalid
from hythe.registry.registry import Registry
from hythe.rollout.plan import Plan
from hythe.testing.versions import add_version

ID = "017f22e2-79b0-7000-8000-000000000000"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    registry = Registry.open(tmp_path / "home")
    record = add_version(registry, "1.0.0")
    with registry.catalog.edit(actor="ana") as tx:
        tx.put_plan("scoring", msgspec.to_builtins(Plan.of("1.0.0", record.digest)))
    registry.close()
    return tmp_path / "home"


def test_tables_items_and_files_are_told(home: Path, tmp_path: Path) -> None:
    columns = {"prediction_id": [f"{ID}:0", f"{ID}:1"], "outcome": ["yes", None], "revenue": [None, 2.5]}
    pd.DataFrame(columns).to_csv(tmp_path / "outcomes.csv", index=False)
    for data in (pd.DataFrame(columns), pl.DataFrame(columns), tmp_path / "outcomes.csv"):
        sent = hythe.feedback("scoring", data, home=home)
        assert (sent.taken, sent.waiting) == (2, 2)
    more = [{"prediction_id": ID, "row": 2, "outcome": "no"}]
    assert hythe.feedback("scoring", more, home=home).waiting == 3
    pd.DataFrame({**columns, "outcome": ["never", None]}).to_csv(tmp_path / "outcomes.csv", index=False)
    with pytest.raises(Invalid, match=r"outcomes\.csv, row 1: outcome is 'never'"):
        hythe.feedback("scoring", str(tmp_path / "outcomes.csv"), home=home)
