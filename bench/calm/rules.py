"""Rules that others alarm by, on the same kind of clean rows: an endpoint alarms when any feature does."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from peers.environment import HERE, NotInstalled, install, installed, program
from scipy.stats import ks_2samp

Floats = NDArray[np.float64]
PSI_BINS, PSI_LIMIT = 10, 0.1
KS_LEVEL = 0.05
_PATIENCE_S = 3600


def alarms(references: Floats, currents: Floats, *, fetch: bool) -> dict[str, list[bool]]:
    """Say for each rule which pairs of samples [pairs, rows, columns] make it alarm."""
    pairs = list(zip(references, currents, strict=True))
    found = {
        "PSI > 0.1 over ten bins": [psi_alarms(*pair) for pair in pairs],
        "KS p < 0.05": [ks_alarms(*pair) for pair in pairs],
    }
    try:
        counted = evidently(references, currents, fetch=fetch)
    except NotInstalled as err:
        print(f"  Evidently is left out: {err}", flush=True)
        return found
    columns = references.shape[2]
    found["Evidently's preset, any column"] = [each > 0 for each in counted]
    found["Evidently's preset, half of the columns"] = [2 * each >= columns for each in counted]
    return found


def psi_alarms(reference: Floats, current: Floats) -> bool:
    """Say whether any column's index over ten quantile bins is greater than 0.1; empty bins count 1e-4."""
    return any(
        _index(reference[:, place], current[:, place]) > PSI_LIMIT for place in range(reference.shape[1])
    )


def ks_alarms(reference: Floats, current: Floats) -> bool:
    """Say whether any column has a p-value of less than 0.05."""
    return any(
        ks_2samp(reference[:, place], current[:, place]).pvalue < KS_LEVEL
        for place in range(reference.shape[1])
    )


def evidently(references: Floats, currents: Floats, *, fetch: bool) -> list[int]:
    """Count the columns that Evidently's default preset calls drifted, in each pair of samples.

    Raises:
        NotInstalled: when its environment is not there and, with `fetch`, cannot be made.

    """
    if not installed("evidently"):
        if not fetch:
            raise NotInstalled("its environment is not there; a run without --fast makes it")
        install("evidently")
    with tempfile.TemporaryDirectory() as folder:
        pairs = Path(folder) / "pairs.npz"
        np.savez(pairs, reference=references, current=currents)
        command = [program("evidently", "python"), str(HERE / "evidently" / "clean_windows.py"), str(pairs)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
    if done.returncode:
        raise NotInstalled(f"Evidently failed: {done.stderr.strip()[-400:]}")
    found: list[int] = json.loads(done.stdout.splitlines()[-1])
    return found


def _index(reference: Floats, current: Floats) -> float:
    edges = np.quantile(reference, np.arange(1, PSI_BINS) / PSI_BINS)
    p, q = (
        np.maximum(np.bincount(np.searchsorted(edges, values), minlength=PSI_BINS) / len(values), 1e-4)
        for values in (reference, current)
    )
    return float(((q - p) * np.log(q / p)).sum())
