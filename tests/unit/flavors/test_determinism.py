from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.contract.flavor_specimens import MAKERS

_ROOT = Path(__file__).parents[3]
_SCRIPT = Path(__file__).with_name("saved_digests.py")


def _start(hash_seed: str, days: str) -> subprocess.Popen[str]:
    surroundings = {
        **os.environ,
        "PYTHONHASHSEED": hash_seed,
        "PYTHONPATH": str(_ROOT),
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.Popen(
        [sys.executable, str(_SCRIPT), days], env=surroundings, stdout=subprocess.PIPE, text=True, cwd=_ROOT
    )


def _finish(process: subprocess.Popen[str]) -> Any:
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return json.loads(output.splitlines()[-1])


def test_every_flavor_saves_the_same_bytes_in_another_process_with_another_hash_seed_on_another_day() -> None:
    first, second = _start("1", "0"), _start("2", "400")
    digests, others = _finish(first), _finish(second)
    assert {name for name in digests if digests[name] != others[name]} == set()
    assert {make.__name__ for make in MAKERS} <= set(digests)
