from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CRASH = Path(__file__).parents[2] / "bench" / "crash.py"


@pytest.mark.slow
@pytest.mark.integration
def test_a_process_killed_at_any_moment_loses_no_finished_change(tmp_path: Path) -> None:
    command = [sys.executable, str(CRASH), "--fast", "--json", str(tmp_path / "crash.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "crash.json").read_bytes())
    assert [check["value"] for check in found["checks"]] == [0, 0], done.stdout
    kills = {row["operation"]: row["kills"] for row in found["rows"]}
    assert all(kills.values())
    assert {"add", "alias", "approve"} <= set(kills)
