"""`hythe export` writes what others need."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

Run: TypeAlias = Callable[..., tuple[int, str, str]]


def test_rules_and_dashboard_go_to_a_file_or_to_standard_output(run: Run, tmp_path: Path) -> None:
    code, text, _ = run("export", "prometheus-rules")
    assert (code, "HytheAlertFires" in text) == (0, True)
    path = tmp_path / "new" / "rules.yml"
    assert run("export", "prometheus-rules", "--out", str(path))[1].startswith(f"{path} is written")
    assert path.read_text() == text
    assert json.loads(run("export", "grafana-dashboard")[1])["uid"] == "hythe"


def test_each_rule_of_each_endpoint_has_a_runbook(run: Run, tmp_path: Path) -> None:
    run("endpoint", "create", "scoring", "churn:1.0.0")
    code, said, _ = run("export", "runbooks", "--out", str(tmp_path / "books"))
    names = {path.name for path in (tmp_path / "books").iterdir()}
    assert (code, said) == (0, f"{len(names)} runbooks are in {tmp_path / 'books'}\n")
    assert {"scoring-drift.md", "scoring-errors.md", "scoring-performance.md"} <= names
    assert "hythe drift churn:1.0.0" in (tmp_path / "books" / "scoring-drift.md").read_text()


def test_a_version_is_exported_as_before(run: Run, tmp_path: Path) -> None:
    code, said, _ = run("export", "churn:1.0.0", str(tmp_path / "image"))
    assert (code, said.split(" is ")[0]) == (0, "churn:1.0.0")
    assert (tmp_path / "image" / "index.json").exists()
