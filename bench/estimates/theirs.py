"""NannyML's estimates of the same chunks, made in its own environment."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from peers.environment import HERE, program

from estimates.sets import ANSWER, SCORE, TARGET, LabelledSet

_PATIENCE_S = 600.0


def estimate(found: LabelledSet) -> dict[str, list[float]]:
    """Give NannyML's estimates by metric, one for each chunk."""
    with tempfile.TemporaryDirectory() as folder:
        spec = {
            "reference": str(Path(folder) / "reference.parquet"),
            "analysis": str(Path(folder) / "analysis.parquet"),
            "features": list(found.features),
            "answer": ANSWER,
            "target": TARGET,
            "chunk": found.chunk,
            "metrics": list(found.metrics),
        } | ({"score": SCORE} if SCORE in found.reference else {})
        found.reference.to_parquet(str(spec["reference"]))
        found.later.drop(columns=TARGET).to_parquet(str(spec["analysis"]))
        paths = [Path(folder) / name for name in ("spec.json", "result.json")]
        paths[0].write_text(json.dumps(spec))
        command = [program("nannyml", "python"), str(HERE / "nannyml" / "estimate.py"), *map(str, paths)]
        subprocess.run(command, check=True, capture_output=True, timeout=_PATIENCE_S)
        estimates: dict[str, list[float]] = json.loads(paths[1].read_text())["estimates"]
        return estimates
