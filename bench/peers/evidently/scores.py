"""The scores by which Evidently's preset judges columns, without its reports: the greatest of each window.

python scores.py FOLDER, with baselines.parquet and windows.parquet, whose rows are marked by `story` and
`window`; prints a list, the windows of the first story first. Baselines have more than 1,000 rows, so every
score is a distance.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests.registry import get_stattest
from evidently.legacy.core import ColumnType

MARKS = ["story", "window"]
warnings.simplefilter("ignore")


def score(reference: pd.Series, current: pd.Series) -> float:
    """Score one column as the preset does, which leaves missing values out."""
    kind = ColumnType.Numerical if reference.dtype.kind in "if" else ColumnType.Categorical
    before, now = (each.replace([-np.inf, np.inf], np.nan).dropna() for each in (reference, current))
    test = get_stattest(before, now, kind, None)
    return float(test(before, now, kind, None).drift_score)


folder = Path(sys.argv[1])
baselines = dict(list(pd.read_parquet(folder / "baselines.parquet").groupby("story")))
windows = pd.read_parquet(folder / "windows.parquet").groupby(MARKS, sort=True)
print(
    json.dumps(
        [
            max(score(baselines[story][name], rows[name]) for name in rows.columns if name not in MARKS)
            for (story, _), rows in windows
        ]
    )
)
