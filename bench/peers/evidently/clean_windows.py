"""Evidently's preset, as it is by default, on pairs of samples: how many columns it calls drifted.

python clean_windows.py PAIRS.npz: its arrays `reference` [pairs, rows, columns] and `current`; prints a list.
"""

import json
import sys

import numpy as np
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset


def drifted(reference: np.ndarray, current: np.ndarray) -> int:
    """Run the preset on one pair and read how many columns it counts."""
    names = [f"x{place}" for place in range(reference.shape[1])]
    frames = [pd.DataFrame(values, columns=names) for values in (current, reference)]
    document = json.loads(Report([DataDriftPreset()]).run(*frames).json())
    [found] = [each["value"] for each in document["metrics"] if "DriftedColumnsCount" in each["metric_name"]]
    return int(found["count"])


pairs = np.load(sys.argv[1])
print(json.dumps([drifted(*pair) for pair in zip(pairs["reference"], pairs["current"], strict=True)]))
