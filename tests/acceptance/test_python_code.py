"""Plain Python is packed with its code, and answers from the bundle where that code is not installed."""

import json
import subprocess
import sys
from pathlib import Path


def hythe(folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "hythe.cli.main", *arguments, "--home", str(folder.parent / "home")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_function_in_the_current_folder_is_packed_and_answers_elsewhere(tmp_path: Path) -> None:
    desk, elsewhere = tmp_path / "desk", tmp_path / "elsewhere"
    desk.mkdir()
    elsewhere.mkdir()
    (desk / "rates.py").write_text("RATE = 2.0\n")
    (desk / "scoring.py").write_text(
        "from rates import RATE\n\ndef score(rows):\n    return {'value': (RATE * rows['x']).to_numpy()}\n"
    )
    for folder in (desk, elsewhere):
        (folder / "rows.json").write_text('[{"x": 1.5}, {"x": 4.0}]')
    packed = json.loads(
        hythe(desk, "pack", "scoring:score", "--name", "price", "--examples", "rows.json", "--json")
    )
    assert packed["facts"]["variant"] == "native"
    lines = hythe(elsewhere, "predict", "price", "--data", "rows.json").splitlines()
    assert [json.loads(line)["value"] for line in lines] == [3.0, 8.0]
